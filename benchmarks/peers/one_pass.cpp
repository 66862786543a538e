// A forward pass of the perceptron at batch 1 that draws nothing: the unit in
// which samples of it are priced.
#include "benchmarks/peers/compare.h"

namespace signet::peers {
namespace {

std::vector<Contender> make(const Task&, const std::string& precision) {
  if (precision != "bits") return {};
  return {signet_contender({.kind = "mlp", .sizes = {1}})};
}

}  // namespace
}  // namespace signet::peers

int main(int argc, char** argv) {
  return signet::peers::compare_main(argc, argv, signet::peers::make);
}

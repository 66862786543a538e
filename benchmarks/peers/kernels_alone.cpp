// The kernels of the perceptron without what Model::forward does around them:
// the difference is the overhead of a forward pass.
#include <memory>

#include "benchmarks/peers/compare.h"
#include "benchmarks/peers/random_networks.h"
#include "signet/runtime/layers/binary_linear.h"
#include "tests/runtime/random_model.h"

namespace signet::peers {

using namespace runtime;

namespace {

struct Chain {
  std::vector<PackedBinaryLinear> layers;
  AlignedBuffer first, second, sums, scratch;
  std::vector<std::uint8_t> pixels;
};

std::vector<Contender> make(const Task& task, const std::string& precision) {
  if (precision != "bits" || task.kind != "mlp") return {};
  const std::int64_t batch = task.sizes[0];
  const auto isa = choose_isa();
  if (!isa) throw std::runtime_error(isa.error().message);
  std::vector<PackedBinaryLinear> layers;
  std::size_t scratch = 0;
  for (const auto& layer : random_network(task.kind).layers) {
    layers.push_back(pack_layer(std::get<BinaryLinear>(layer), *isa));
    scratch = std::max(scratch, scratch_bytes(layers.back()));
  }
  Engine engine(1);
  auto chain = std::make_shared<Chain>(Chain{
      std::move(layers), AlignedBuffer(batch * 128), AlignedBuffer(batch * 128),
      AlignedBuffer(batch * 40), AlignedBuffer(scratch),
      random_inputs(engine, InputEncoding::pixels, batch, 784)});
  return {{.name = "kernels",
           .level = std::string(isa_name(*isa)),
           .run = [chain, batch] {
             Chain& c = *chain;
             auto* first = static_cast<std::uint64_t*>(c.first.data());
             auto* second = static_cast<std::uint64_t*>(c.second.data());
             void* scratch = c.scratch.data();
             layer_bits(c.layers[0], c.pixels.data(), batch, scratch, first);
             layer_bits(c.layers[1], first, batch, scratch, second);
             layer_sums(c.layers[2], second, batch, scratch,
                        static_cast<std::int32_t*>(c.sums.data()));
           }}};
}

}  // namespace
}  // namespace signet::peers

int main(int argc, char** argv) {
  return signet::peers::compare_main(argc, argv, signet::peers::make);
}

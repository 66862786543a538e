// FAISS: Hamming distances between every row and every output, by the computer
// for codes of any length in its headers, compiled as FAISS compiles its AVX2
// library.
#include <faiss/utils/hamming.h>

#include <memory>
#include <random>

#include "benchmarks/peers/compare.h"

namespace signet::peers {
namespace {

std::vector<Contender> make(const Task& task, const std::string& precision) {
  if (precision != "bits" || task.kind != "linear") return {};
  const std::int64_t rows = task.sizes[0], outputs = task.sizes[2];
  const std::int64_t bytes = (task.sizes[1] + 7) / 8;
  std::mt19937 random(1);
  const auto codes = [&](std::int64_t count) {
    auto made = std::make_shared<std::vector<std::uint8_t>>(count * bytes);
    for (auto& byte : *made) byte = static_cast<std::uint8_t>(random());
    return made;
  };
  const auto inputs = codes(rows), weights = codes(outputs);
  const auto distances = std::make_shared<std::vector<int>>(rows * outputs);
  return {
      {.name = "HammingComputerDefault", .level = "AVX2 + POPCNT", .run = [=] {
         int* to = distances->data();
         for (std::int64_t row = 0; row < rows; ++row) {
           const faiss::HammingComputerDefault computer(
               inputs->data() + row * bytes, static_cast<int>(bytes));
           for (std::int64_t j = 0; j < outputs; ++j) {
             *to++ = computer.hamming(weights->data() + j * bytes);
           }
         }
       }}};
}

}  // namespace
}  // namespace signet::peers

int main(int argc, char** argv) {
  return signet::peers::compare_main(argc, argv, signet::peers::make);
}

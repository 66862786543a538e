#include "signet/export/proof.h"

#include <algorithm>
#include <map>
#include <span>

#include "signet/base/error.h"
#include "signet/core/torch.h"
#include "signet/export/expect.h"

namespace signet {
namespace {

constexpr int64_t kBatch = 256;

/// Counts and notes differences of two row-major arrays [rows, columns].
template <class A, class B>
void compare(Proof& proof, int64_t& compared, const A* expected,
             const B* packed, int64_t rows, int64_t columns, int64_t first_row,
             const std::string& what) {
  for (int64_t i = 0; i < rows * columns; ++i) {
    if (expected[i] == static_cast<A>(packed[i])) continue;
    if (proof.different++ == 0) {
      proof.first_difference =
          what + " " + std::to_string(i % columns) + " of example " +
          std::to_string(first_row + i / columns) + ": LibTorch has " +
          std::to_string(expected[i]) + ", the packed network " +
          std::to_string(packed[i]);
    }
  }
  compared += rows * columns;
}

/// The index of the first greatest value of each row.
std::vector<int64_t> first_argmax(const float* scores, int64_t rows,
                                  int64_t columns) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < rows; ++i) {
    const float* row = scores + i * columns;
    labels.push_back(std::max_element(row, row + columns) - row);
  }
  return labels;
}

/// The integers of linear layer i, its output before the bias.
Tensor integer_sums(const Network& network, size_t i, const Tensor& input,
                    const Tensor& output) {
  const auto& linear = dynamic_cast<const Linear&>(network.layer(i));
  if (!linear.bias.defined()) return output;
  return torch::matmul(input, binary_weights(linear.latent).t());
}

}  // namespace

Proof prove(Network& network, const PackedNetwork& packed,
            const runtime::Model& model, const Dataset& data,
            const std::function<void(int64_t)>& progress) {
  check(data.features() == network.spec().input.values(), "export",
        "the network reads " + network.spec().input.text() +
            " values, but the images have " + std::to_string(data.features()));
  torch::NoGradGuard no_gradient;
  network.eval();
  Proof proof;
  auto workspace =
      expect(runtime::Workspace::create(model, std::min<int64_t>(64, kBatch)));
  for (int64_t first = 0; first < data.size(); first += kBatch) {
    const int64_t rows = std::min(kBatch, data.size() - first);
    const auto pixels =
        std::span(data.images)
            .subspan(static_cast<size_t>(first * data.features()),
                     static_cast<size_t>(rows * data.features()));
    const auto trace = expect(model.trace(pixels, rows, workspace));

    std::map<size_t, Tensor> outputs;
    ModeSampler mode;
    const auto x = torch::from_blob(const_cast<uint8_t*>(pixels.data()),
                                    {rows, data.features()}, torch::kUInt8)
                       .to(torch::kFloat);
    const auto scores =
        network
            .forward(x, mode,
                     [&](size_t i, const Tensor& h) { outputs[i] = h; })
            .contiguous();

    for (size_t l = 0; l < packed.layers.size(); ++l) {
      const auto& layer = packed.layers[l];
      const auto name = layer_name(network.spec(), layer.linear);
      const auto directions = torch::tensor(std::vector<int64_t>(
          layer.directions.begin(), layer.directions.end()));
      const auto input = layer.linear == 0 ? x : outputs.at(layer.linear - 1);
      const auto sums =
          (integer_sums(network, layer.linear, input, outputs.at(layer.linear))
               .to(torch::kInt64) *
           directions)
              .contiguous();
      compare(proof, proof.integers, sums.data_ptr<int64_t>(),
              trace.layers[l].sums.data(), rows, sums.size(1), first,
              "pre-activation of " + name);
      if (l + 1 == packed.layers.size()) break;
      size_t units = layer.linear;
      while (!std::holds_alternative<UnitsSpec>(network.spec().layers[units]))
        ++units;
      const auto high = (outputs.at(units) > 0).to(torch::kUInt8).contiguous();
      compare(proof, proof.bits, high.data_ptr<uint8_t>(),
              trace.layers[l].bits.data(), rows, high.size(1), first,
              "unit of " + layer_name(network.spec(), units));
    }
    compare(proof, proof.scores, scores.data_ptr<float>(), trace.scores.data(),
            rows, scores.size(1), first, "score");
    const auto expected =
        first_argmax(scores.data_ptr<float>(), rows, scores.size(1));
    std::vector<int32_t> labels(static_cast<size_t>(rows));
    expect(model.classify(pixels, rows, workspace, labels));
    compare(proof, proof.classes, expected.data(), labels.data(), rows, 1,
            first, "class");
    for (int64_t i = 0; i < rows; ++i) {
      proof.correct += labels[static_cast<size_t>(i)] ==
                       data.labels[static_cast<size_t>(first + i)];
    }
    proof.examples += rows;
    if (progress) progress(proof.examples);
  }
  return proof;
}

}  // namespace signet

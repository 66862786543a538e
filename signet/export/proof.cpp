#include "signet/export/proof.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "signet/base/error.h"
#include "signet/base/number.h"
#include "signet/core/torch.h"
#include "signet/export/expect.h"
#include "signet/models/weights.h"

namespace signet {
namespace {

/// Examples at once, at most, and values of all layers that they may have:
/// 256 MB of floats.
constexpr int64_t kMaxBatch = 256;
constexpr int64_t kMaxValues = int64_t{1} << 26;

int64_t batch_for(const NetworkSpec& spec) {
  int64_t values = spec.input.values();
  for (const auto& layer : summarize(spec)) values += layer.output.values();
  return std::clamp<int64_t>(kMaxValues / values, 1, kMaxBatch);
}

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
          number_text(static_cast<double>(expected[i])) +
          ", the packed network " + number_text(static_cast<double>(packed[i]));
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

/// b_j of RealScores; empty if the last weights are binary.
std::vector<double> score_bounds(const PackedNetwork& packed) {
  const auto* head =
      std::get_if<runtime::RealLinear>(&packed.model.layers.back());
  if (!head) return {};
  std::vector<double> bounds;
  const auto inputs = static_cast<double>(head->inputs);
  for (int64_t j = 0; j < head->outputs; ++j) {
    double sum = 0;
    for (int64_t k = 0; k < head->inputs; ++k) {
      const auto at = static_cast<size_t>(j * head->inputs + k);
      sum += std::abs(double{head->weights[at]});
    }
    const auto at = static_cast<size_t>(j);
    bounds.push_back(std::ldexp(2 * (inputs + 4), -24) *
                     (std::abs(double{head->scores.scale[at]}) * sum +
                      std::abs(double{head->scores.offset[at]})));
  }
  return bounds;
}

/// Compares scores that may differ by a bound for each column.
void compare_within(Proof& proof, const std::vector<double>& bounds,
                    const float* expected, const float* packed, int64_t rows,
                    int64_t first_row) {
  const auto columns = static_cast<int64_t>(bounds.size());
  std::vector<float> near(packed, packed + rows * columns);
  for (int64_t i = 0; i < rows * columns; ++i) {
    const double difference = std::abs(double{expected[i]} - packed[i]);
    proof.real->difference = std::max(proof.real->difference, difference);
    if (difference <= bounds[static_cast<size_t>(i % columns)])
      near[static_cast<size_t>(i)] = expected[i];
  }
  compare(proof, proof.scores, expected, near.data(), rows, columns, first_row,
          "score");
}

/// Takes the packed network's class for LibTorch's where LibTorch's scores of
/// both are closer than their bounds.
void allow_ties(Proof& proof, const std::vector<double>& bounds,
                const float* scores, const std::vector<int32_t>& labels,
                std::vector<int64_t>& expected) {
  for (size_t row = 0; row < labels.size(); ++row) {
    const auto best = static_cast<size_t>(expected[row]);
    const auto label = static_cast<size_t>(labels[row]);
    const float* of_row = scores + row * bounds.size();
    const double ahead = double{of_row[best]} - of_row[label];
    if (best == label || ahead > bounds[best] + bounds[label]) continue;
    expected[row] = labels[row];
    ++proof.real->ties;
  }
}

/// What one pass of the network through LibTorch gives.
struct Pass {
  Tensor input;                 ///< of the first layer
  std::vector<Tensor> outputs;  ///< of every layer
};

Pass run(Network& network, std::span<const uint8_t> pixels, int64_t rows) {
  const auto& shape = network.spec().input;
  const auto x = torch::from_blob(const_cast<uint8_t*>(pixels.data()),
                                  {rows, shape.values()}, torch::kUInt8)
                     .to(torch::kFloat);
  Pass pass{.input = x, .outputs = {}};
  if (!layer_input(network.spec(), 0).flat) {
    pass.input = x.view({rows, shape.channels, shape.height, shape.width})
                     .permute({0, 2, 3, 1});
  }
  ModeSampler mode;
  network.forward(x, mode,
                  [&](size_t, const Tensor& h) { pass.outputs.push_back(h); });
  return pass;
}

/// The integers of layer i, a linear one or a convolution: its output before
/// the bias.
Tensor integer_sums(Network& network, size_t i, const Pass& pass) {
  auto& layer = dynamic_cast<WeightedLayer&>(network.layer(i));
  if (!layer.bias.defined() || layer.leaves_bias()) return pass.outputs[i];
  ModeSampler mode;
  const Random random(0);
  ForwardPass again{.sampler = mode, .random = random};
  const auto bias = std::exchange(layer.bias, Tensor());
  const auto sums =
      layer.forward(i == 0 ? pass.input : pass.outputs[i - 1], again);
  layer.bias = bias;
  return sums;
}

/// Compares what layer l of the packed network traced with the pass.
void compare_layer(Proof& proof, Network& network, const Pass& pass,
                   const PackedNetwork::Layer& layer,
                   const runtime::LayerTrace& trace, int64_t rows,
                   int64_t first) {
  if (layer.sums) {
    const auto directions = torch::tensor(
        std::vector<int>(layer.directions.begin(), layer.directions.end()),
        torch::kInt);
    const auto sums =
        (integer_sums(network, *layer.sums, pass).to(torch::kInt) * directions)
            .flatten(1)
            .contiguous();
    compare(proof, proof.integers, sums.data_ptr<int>(), trace.sums.data(),
            rows, sums.size(1), first,
            "pre-activation of " + layer_name(network.spec(), *layer.sums));
  }
  if (layer.bits) {
    const auto high =
        (pass.outputs[*layer.bits] > 0).to(torch::kUInt8).flatten(1);
    compare(proof, proof.bits, high.contiguous().data_ptr<uint8_t>(),
            trace.bits.data(), rows, high.size(1), first,
            "unit of " + layer_name(network.spec(), *layer.bits));
  }
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
  const auto bounds = score_bounds(packed);
  if (!bounds.empty()) {
    proof.real = {.bound = *std::max_element(bounds.begin(), bounds.end())};
  }
  auto workspace = expect(runtime::Workspace::create(model));
  const int64_t batch = batch_for(network.spec());
  for (int64_t first = 0; first < data.size(); first += batch) {
    const int64_t rows = std::min(batch, data.size() - first);
    const auto pixels =
        std::span(data.images)
            .subspan(static_cast<size_t>(first * data.features()),
                     static_cast<size_t>(rows * data.features()));
    const auto trace = expect(model.trace(pixels, rows, workspace));
    const auto pass = run(network, pixels, rows);
    for (size_t l = 0; l < packed.layers.size(); ++l) {
      compare_layer(proof, network, pass, packed.layers[l], trace.layers[l],
                    rows, first);
    }
    const auto scores = pass.outputs.back().contiguous();
    auto expected =
        first_argmax(scores.data_ptr<float>(), rows, scores.size(1));
    std::vector<int32_t> labels(static_cast<size_t>(rows));
    expect(model.classify(pixels, rows, workspace, labels));
    if (!proof.real) {
      compare(proof, proof.scores, scores.data_ptr<float>(),
              trace.scores.data(), rows, scores.size(1), first, "score");
    } else {
      compare_within(proof, bounds, scores.data_ptr<float>(),
                     trace.scores.data(), rows, first);
      allow_ties(proof, bounds, scores.data_ptr<float>(), labels, expected);
    }
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

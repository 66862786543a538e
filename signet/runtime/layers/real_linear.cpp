#include "signet/runtime/layers/real_linear.h"

#include <algorithm>
#include <cmath>

#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

constexpr std::int64_t kLanes = 16;  // RealCall: stride
constexpr int kBits = 25;            // of an integer, without its sign
constexpr std::int64_t kRows = 4;    // of a call; kernels take as many at once

/// The least e with |w| < 2^e for all w; 0 if all are 0.
int exponent_of(const float* w, std::int64_t n) {
  float largest = 0;
  for (std::int64_t k = 0; k < n; ++k) {
    largest = std::max(largest, std::abs(w[k]));
  }
  int exponent = 0;
  std::frexp(largest, &exponent);
  return exponent;
}

std::int64_t stride_of(const RealLinear& layer) {
  return (layer.inputs + kLanes - 1) / kLanes * kLanes;
}

}  // namespace

PackedRealLinear pack_layer(const RealLinear& layer, Isa isa,
                            const BlockSizes&) {
  const std::int64_t stride = stride_of(layer);
  PackedRealLinear packed{.inputs = layer.inputs,
                          .outputs = layer.outputs,
                          .input = layer.input,
                          .chosen = choose_real_kernel(isa),
                          .stride = stride,
                          .weights = AlignedBuffer(layer.outputs * stride * 4),
                          .units = {},
                          .totals = {},
                          .scores = layer.scores};
  auto* q = static_cast<std::int32_t*>(packed.weights.data());
  for (std::int64_t j = 0; j < layer.outputs; ++j, q += stride) {
    const float* w = layer.weights.data() + j * layer.inputs;
    const int exponent = exponent_of(w, layer.inputs);
    std::int64_t total = 0;
    for (std::int64_t k = 0; k < layer.inputs; ++k) {
      // std::round, unlike rint, does not follow the thread's rounding mode.
      q[k] = static_cast<std::int32_t>(
          std::round(std::ldexp(double{w[k]}, kBits - exponent)));
      total += q[k];
    }
    packed.units.push_back(std::ldexp(1.0, exponent - kBits));
    packed.totals.push_back(total);
  }
  return packed;
}

std::size_t packed_bytes(const RealLinear& layer, Isa) {
  constexpr std::int64_t kOfOutput =
      sizeof(double) + sizeof(std::int64_t) + 2 * sizeof(float);
  return layer.outputs * (4 * stride_of(layer) + kOfOutput);
}

std::size_t scratch_bytes(const PackedRealLinear& layer) {
  return kRows * layer.outputs * sizeof(std::int64_t);
}

void layer_scores(const PackedRealLinear& layer, const Scores& affine,
                  const void* input, std::int64_t rows, void* scratch,
                  float* scores) {
  const bool signs = layer.input == InputEncoding::signs;
  const auto* bits = static_cast<const std::uint64_t*>(input);
  const auto* q = static_cast<const std::int32_t*>(layer.weights.data());
  auto* sums = static_cast<std::int64_t*>(scratch);
  for (std::int64_t first = 0; first < rows; first += kRows) {
    const std::int64_t count = std::min(kRows, rows - first);
    layer.chosen.kernel->sums({.inputs = layer.inputs,
                               .outputs = layer.outputs,
                               .weights = q,
                               .stride = layer.stride,
                               .input = bits + first * words_for(layer.inputs),
                               .rows = count},
                              sums);
    for (std::int64_t i = 0; i < count * layer.outputs; ++i) {
      const std::int64_t j = i % layer.outputs;
      // Over signs, weights under -1 count against those under +1.
      const std::int64_t sum = signs ? 2 * sums[i] - layer.totals[j] : sums[i];
      const double s = layer.units[j] * static_cast<double>(sum);
      *scores++ = static_cast<float>(double{affine.scale[j]} * s +
                                     double{affine.offset[j]});
    }
  }
}

}  // namespace signet::runtime

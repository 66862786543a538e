// What a model file says, as plain structs: the exporter fills them, the
// runtime runs them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "signet/runtime/encoding.h"
#include "signet/runtime/result.h"

namespace signet::runtime {

/// Hidden output: bit_j = (s_j >= values_j). INT32_MIN: always 1.
/// Batch norm and sign fold into this; where the scale of a batch norm is
/// negative, the exporter negates the row of weights.
struct Thresholds {
  std::vector<std::int32_t> values = {};
};

/// Output of the last layer: score_j = float(double(scale_j) * s_j +
/// double(offset_j)), without fused multiply-add.
struct Scores {
  std::vector<float> scale = {};
  std::vector<float> offset = {};
};

/// s_j = sum_k w_jk x_k, an exact int32, with w in {-1,+1}; then bits or
/// scores.
/// Shapes: weights is [outputs, words_for(inputs)], row-major, a row is an
/// output channel, bit 1 is +1, lowest bit first, the rest of a row is 0.
struct BinaryLinear {
  std::string name = {};
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  InputEncoding input = InputEncoding::signs;
  std::vector<std::uint64_t> weights = {};
  std::variant<Thresholds, Scores> output = {};
};

/// The kinds of layer, a closed set.
using Layer = std::variant<BinaryLinear>;

/// A network. The bits of a layer are the inputs of the next, which says by
/// its encoding how it reads them; the last layer gives the scores.
struct ModelDescription {
  std::string name = {};
  std::int64_t inputs = 0;
  std::vector<Layer> layers = {};
  std::vector<std::string> classes = {};  ///< empty, or one name for each score
  std::vector<std::pair<std::string, std::string>> metadata = {};
};

/// Most inputs or outputs of a layer: with 8-bit inputs, sums and twice the
/// sums then stay within int32.
constexpr std::int64_t kMaxWidth = std::int64_t{1} << 22;
/// Most layers of a model.
constexpr std::int64_t kMaxLayers = 1024;

/// Whether a description can be run: widths within their limits, sizes that
/// match, each layer as wide as the one before, pixels only in front, scores
/// only and always at the end and finite for every input, rows padded with 0.
/// Errors: one line that names the layer.
Result<Done> check_description(const ModelDescription& model);

}  // namespace signet::runtime

// What a model file says, as plain structs: the exporter fills them, the
// runtime runs them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "signet/runtime/encoding.h"

namespace signet::runtime {

/// The activations of one example: height x width pixels of `channels` values,
/// channels last. A plain row of n values is {1, 1, n}; an image read as a row
/// gives its values in the order height, width, channels.
struct MapShape {
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t channels = 0;

  std::int64_t pixels() const { return height * width; }
  std::int64_t values() const { return pixels() * channels; }
  bool operator==(const MapShape&) const = default;
};

/// "28x28x64": height, width, channels.
std::string to_string(const MapShape& shape);

/// What slides over an image: along each axis there are
/// (size + 2 pad - window) / stride + 1 places, rounded down.
struct Window {
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t stride = 1;  ///< of both axes
  std::int64_t pad = 0;     ///< pixels on all four sides, less than a window
};

/// What stands outside the image, a value of the layer's inputs.
enum class Padding {
  zero,   ///< 0: counts nothing, also among signs
  minus,  ///< -1: signs only
  plus,   ///< +1: signs or bits
};

/// "zero", "minus" or "plus".
const char* padding_name(Padding padding);

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

/// The same sum over the window at every place of an image; then bits.
/// Shapes: weights as in BinaryLinear, for rows in the order
/// [window.height, window.width, in.channels].
struct BinaryConv {
  std::string name = {};
  MapShape in = {};
  std::int64_t outputs = 0;  ///< channels
  Window window = {};
  Padding padding = Padding::zero;
  InputEncoding input = InputEncoding::signs;
  std::vector<std::uint64_t> weights = {};
  Thresholds thresholds = {};

  /// Values under the window: inputs of one sum.
  std::int64_t patch() const {
    return window.height * window.width * in.channels;
  }
};

/// The greatest bit in the window at every place, without padding; the least
/// in channels whose bit of `least` is 1: bits of a negative scale, which the
/// exporter turned around, before which the network takes the greatest sum.
/// Shapes: least is [words_for(in.channels)], or empty for none.
struct MaxPool {
  std::string name = {};
  MapShape in = {};
  Window window = {};
  std::vector<std::uint64_t> least = {};
};

/// A last layer with real weights on signs or bits:
///   s_j = u_j sum_k q_jk x_k,  q_jk = round(w_jk / u_j),
///   u_j = 2^(e - 25), e the least with |w_jk| < 2^e for all k (0 if all are 0)
/// and halves rounded away from 0. The sum of integers is exact in any order,
/// so it is the same on every level; the product with u_j is exact as well. A
/// weight is off by u_j / 2 at most: half of what a sum in float may lose at an
/// addition where it is as large as the largest weight.
/// Shapes: weights is [outputs, inputs].
struct RealLinear {
  std::string name = {};
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  InputEncoding input = InputEncoding::signs;
  std::vector<float> weights = {};
  Scores scores = {};
};

/// The kinds of layer, a closed set.
using Layer = std::variant<BinaryLinear, BinaryConv, MaxPool, RealLinear>;

const std::string& name_of(const Layer& layer);
MapShape input_shape(const Layer& layer);
MapShape output_shape(const Layer& layer);

/// F, the distribution function that units are drawn with: P(bit = 1) = F(a).
enum class NoiseFamily {
  none,        ///< nothing is drawn: bit = (a >= 0)
  logistic,    ///< 1 / (1 + exp(-2a))
  uniform,     ///< (1 + a) / 2 for |a| <= 1
  triangular,  ///< (2 + a)^2 / 8 for -2 <= a <= 0
  laplace,     ///< exp(a) / 2 for a <= 0
  sigmoid,     ///< 1 / (1 + exp(-a))
};

inline constexpr int kNoiseFamilies = 6;

/// "none", or the name of the family.
const char* noise_name(NoiseFamily noise);

/// What a layer with weights does where units are drawn: with the logit
/// a_j = float(double(scale_j) * s_j + double(offset_j)), without fused
/// multiply-add, bit_j = (u < F(a_j)); the last layer's logits are the scores.
/// The batch statistics in here are those of drawn units; thresholds have
/// those of the network that draws nothing.
struct SampledLayer {
  NoiseFamily noise = NoiseFamily::none;  ///< none in the last layer
  std::vector<float> scale = {};
  std::vector<float> offset = {};
  /// Of the max-poolings right behind, how many pool s_j, by its greatest or
  /// least, before the bits are drawn.
  std::int64_t pools = 0;
};

/// A network. The bits of a layer are the inputs of the next, which says by
/// its encoding how it reads them; the last layer gives the scores. A linear
/// layer behind an image reads it as a row. The first layer reads bytes in
/// the order channels, height, width.
struct ModelDescription {
  std::string name = {};
  std::int64_t inputs = 0;
  std::vector<Layer> layers = {};
  std::vector<std::string> classes = {};  ///< empty, or one name for each score
  std::vector<std::pair<std::string, std::string>> metadata = {};
  /// One for each layer with weights, or none: then units cannot be drawn.
  std::vector<SampledLayer> sampled = {};
};

}  // namespace signet::runtime

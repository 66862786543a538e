#include "signet/runtime/format/cost.h"

#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

/// Pixels or words in a row of n inputs.
std::int64_t steps_of_row(InputEncoding input, std::int64_t n) {
  return input == InputEncoding::pixels ? n : words_for(n);
}

std::int64_t steps_of(const BinaryLinear& layer) {
  return layer.outputs * steps_of_row(layer.input, layer.inputs);
}

/// A copy with a frame around, gathering the windows, then the sums.
std::int64_t steps_of(const BinaryConv& layer) {
  const std::int64_t frame = (layer.in.height + 2 * layer.window.pad) *
                             (layer.in.width + 2 * layer.window.pad) *
                             steps_of_row(layer.input, layer.in.channels);
  const std::int64_t gather = layer.window.height * layer.window.width *
                              steps_of_row(layer.input, layer.in.channels);
  const std::int64_t sums =
      layer.outputs * steps_of_row(layer.input, layer.patch());
  return frame + output_shape(layer).pixels() * (gather + sums);
}

std::int64_t steps_of(const MaxPool& layer) {
  return output_shape(layer).pixels() * layer.window.height *
         layer.window.width * words_for(layer.in.channels);
}

/// A level may add the weights one by one.
std::int64_t steps_of(const RealLinear& layer) {
  return layer.outputs * layer.inputs;
}

}  // namespace

std::int64_t steps(const ModelDescription& model) {
  // A layer has less than 2^45 by the limits of check_description().
  std::int64_t sum = 0;
  for (const Layer& layer : model.layers) {
    sum += std::visit([](const auto& each) { return steps_of(each); }, layer);
  }
  return sum;
}

}  // namespace signet::runtime

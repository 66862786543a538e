#include "signet/runtime/format/description.h"

namespace signet::runtime {
namespace {

std::int64_t places(std::int64_t size, std::int64_t window,
                    const Window& of_layer) {
  return (size + 2 * of_layer.pad - window) / of_layer.stride + 1;
}

MapShape slide(const MapShape& in, const Window& window,
               std::int64_t channels) {
  return {.height = places(in.height, window.height, window),
          .width = places(in.width, window.width, window),
          .channels = channels};
}

MapShape in_of(const BinaryLinear& layer) { return {.channels = layer.inputs}; }
MapShape in_of(const BinaryConv& layer) { return layer.in; }
MapShape in_of(const MaxPool& layer) { return layer.in; }
MapShape in_of(const RealLinear& layer) { return {.channels = layer.inputs}; }

MapShape out_of(const BinaryLinear& layer) {
  return {.channels = layer.outputs};
}
MapShape out_of(const BinaryConv& layer) {
  return slide(layer.in, layer.window, layer.outputs);
}
MapShape out_of(const MaxPool& layer) {
  return slide(layer.in, layer.window, layer.in.channels);
}
MapShape out_of(const RealLinear& layer) { return {.channels = layer.outputs}; }

}  // namespace

std::string to_string(const MapShape& shape) {
  return std::to_string(shape.height) + "x" + std::to_string(shape.width) +
         "x" + std::to_string(shape.channels);
}

const char* padding_name(Padding padding) {
  constexpr const char* kNames[] = {"zero", "minus", "plus"};
  return kNames[static_cast<int>(padding)];
}

const char* noise_name(NoiseFamily noise) {
  constexpr const char* kNames[] = {"none",       "logistic", "uniform",
                                    "triangular", "laplace",  "sigmoid"};
  return kNames[static_cast<int>(noise)];
}

const std::string& name_of(const Layer& layer) {
  return std::visit(
      [](const auto& each) -> const std::string& { return each.name; }, layer);
}

MapShape input_shape(const Layer& layer) {
  return std::visit([](const auto& each) { return in_of(each); }, layer);
}

MapShape output_shape(const Layer& layer) {
  return std::visit([](const auto& each) { return out_of(each); }, layer);
}

}  // namespace signet::runtime

#include "signet/runtime/layer_info.h"

#include "signet/runtime/packed_model.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

std::int64_t bytes_of(const std::vector<std::uint64_t>& words) {
  return static_cast<std::int64_t>(words.size()) * 8;
}

std::string text(const Window& window) {
  return std::to_string(window.height) + "x" + std::to_string(window.width) +
         ", stride " + std::to_string(window.stride);
}

/// What is known of a layer whose weights a kernel has packed.
template <class Packed>
void add_kernel(const Packed& packed, LayerInfo& info) {
  const auto& [isa, kernel] = packed.chosen;
  info.packed_bytes = static_cast<std::int64_t>(packed.weights.size() +
                                                packed.thresholds.size());
  info.kernel = std::string(isa_name(isa)) + ": " + kernel->name;
}

void add(const BinaryLinear& layer, const PackedLayer& packed,
         LayerInfo& info) {
  info.kind = "binary linear";
  info.input = layer.input;
  info.gives_scores = std::holds_alternative<Scores>(layer.output);
  info.weights = layer.inputs * layer.outputs;
  info.macs = info.weights;
  info.file_bytes =
      bytes_of(layer.weights) + layer.outputs * (info.gives_scores ? 8 : 4);
  add_kernel(std::get<PackedBinaryLinear>(packed.packed), info);
}

void add(const BinaryConv& layer, const PackedLayer& packed, LayerInfo& info) {
  info.kind = "binary convolution";
  info.input = layer.input;
  info.window = text(layer.window);
  if (layer.window.pad != 0) {
    info.window += ", pad " + std::to_string(layer.window.pad) + " " +
                   padding_name(layer.padding);
  }
  info.weights = layer.patch() * layer.outputs;
  info.macs = info.weights * packed.out.pixels();
  info.file_bytes = bytes_of(layer.weights) + layer.outputs * 4;
  add_kernel(std::get<PackedBinaryConv>(packed.packed), info);
}

void add(const RealLinear& layer, const PackedLayer& packed, LayerInfo& info) {
  const auto& real = std::get<PackedRealLinear>(packed.packed);
  info.kind = "real linear";
  info.input = layer.input;
  info.gives_scores = true;
  info.weights = layer.inputs * layer.outputs;
  info.weight_bits = 32;
  info.macs = info.weights;
  info.file_bytes = 4 * info.weights + 8 * layer.outputs;
  info.packed_bytes =
      static_cast<std::int64_t>(real.weights.size()) + 16 * layer.outputs;
  info.kernel =
      std::string(isa_name(real.chosen.isa)) + ": " + real.chosen.kernel->name;
}

void add(const MaxPool& layer, const PackedLayer&, LayerInfo& info) {
  info.kind = "max pooling";
  info.window = text(layer.window);
  info.file_bytes = bytes_of(layer.least);
  info.packed_bytes = words_for(layer.in.channels) * 8;
  info.kernel = "or, and by words";
}

}  // namespace

LayerInfo describe(const Layer& layer, const PackedLayer& packed) {
  LayerInfo info;
  info.name = name_of(layer);
  info.in = input_shape(layer);
  info.out = packed.out;
  info.inputs = info.in.values();
  info.outputs = info.out.values();
  std::visit([&](const auto& each) { add(each, packed, info); }, layer);
  return info;
}

}  // namespace signet::runtime

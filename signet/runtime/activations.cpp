#include "signet/runtime/activations.h"

#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

/// Whether the inputs, [channels, height, width], must be put channels last.
bool has_planes(const MapShape& shape) {
  return shape.pixels() > 1 && shape.channels > 1;
}

/// Whether the pixels of an image, each a row of words, must be joined to be
/// the row that a linear layer reads.
bool needs_joining(const PackedLayer& layer) {
  const bool linear =
      std::holds_alternative<PackedBinaryLinear>(layer.packed) ||
      std::holds_alternative<PackedRealLinear>(layer.packed);
  return linear && layer.before.pixels() > 1 && layer.before.channels % 64 != 0;
}

}  // namespace

void enter(const PackedModel& model, std::int64_t examples,
           Activations& activations) {
  const MapShape& in = model.layers.front().before;
  if (has_planes(in)) {
    const std::uint8_t* planes = activations.bytes();
    put_channels_last(planes, examples, in.channels, in.pixels(),
                      activations.next<std::uint8_t>());
  }
  if (model.input != InputEncoding::pixels) {
    const std::uint8_t* bytes = activations.bytes();
    model.packers->bytes(bytes, examples * in.pixels(), in.channels,
                         activations.next<std::uint64_t>());
  }
}

void join_pixels(const PackedLayer& layer, std::int64_t examples,
                 Activations& activations) {
  if (!needs_joining(layer)) return;
  const std::uint64_t* pixels = activations.words();
  join_rows(pixels, examples, layer.before.pixels(), layer.before.channels,
            activations.next<std::uint64_t>());
}

}  // namespace signet::runtime

#include "signet/runtime/layers/max_pool.h"

#include "signet/runtime/packing.h"

namespace signet::runtime {

PackedMaxPool pack_layer(const MaxPool& layer, Isa, const BlockSizes&) {
  PackedMaxPool packed{.in = layer.in,
                       .out = output_shape(layer),
                       .window = layer.window,
                       .least = layer.least};
  packed.least.resize(words_for(layer.in.channels));
  return packed;
}

std::size_t packed_bytes(const MaxPool& layer, Isa) {
  return words_for(layer.in.channels) * 8;
}

std::size_t scratch_bytes(const PackedMaxPool&) { return 0; }

namespace {

/// kSide is that of the window, or 0 for any: the loops over 2 x 2 pixels are
/// unrolled by the compiler.
template <std::int64_t kSide>
void pool(const PackedMaxPool& layer, const std::uint64_t* image,
          std::int64_t images, std::uint64_t* out) {
  const auto& [in, shape, window, least] = layer;
  const std::int64_t words = words_for(in.channels);
  const std::int64_t line = in.width * words;
  const std::int64_t height = kSide == 0 ? window.height : kSide;
  const std::int64_t width = kSide == 0 ? window.width : kSide;
  for (std::int64_t i = 0; i < images; ++i, image += in.height * line) {
    for (std::int64_t row = 0; row < shape.height; ++row) {
      const std::uint64_t* corner = image + row * window.stride * line;
      for (std::int64_t column = 0; column < shape.width; ++column) {
        for (std::int64_t w = 0; w < words; ++w) {
          std::uint64_t any = 0;
          for (std::int64_t y = 0; y < height; ++y) {
            for (std::int64_t x = 0; x < width; ++x) {
              any |= corner[y * line + x * words + w] ^ least[w];
            }
          }
          *out++ = any ^ least[w];
        }
        corner += window.stride * words;
      }
    }
  }
}

}  // namespace

void layer_bits(const PackedMaxPool& layer, const void* input,
                std::int64_t images, void*, std::uint64_t* out) {
  const auto* image = static_cast<const std::uint64_t*>(input);
  if (layer.window.height == 2 && layer.window.width == 2) {
    pool<2>(layer, image, images, out);
  } else {
    pool<0>(layer, image, images, out);
  }
}

}  // namespace signet::runtime

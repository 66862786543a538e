#include "signet/runtime/layers/max_pool.h"

#include "signet/runtime/packing.h"

namespace signet::runtime {

PackedMaxPool pack_layer(const MaxPool& layer, Isa) {
  PackedMaxPool packed{.in = layer.in,
                       .out = output_shape(layer),
                       .window = layer.window,
                       .least = layer.least};
  packed.least.resize(words_for(layer.in.channels));
  return packed;
}

std::size_t scratch_bytes(const PackedMaxPool&) { return 0; }

void layer_bits(const PackedMaxPool& layer, const void* input,
                std::int64_t images, void*, std::uint64_t* out) {
  const auto& [in, shape, window, least] = layer;
  const std::int64_t words = words_for(in.channels);
  const std::int64_t image_words = in.pixels() * words;
  const auto* image = static_cast<const std::uint64_t*>(input);
  for (std::int64_t i = 0; i < images; ++i, image += image_words) {
    for (std::int64_t row = 0; row < shape.height; ++row) {
      for (std::int64_t column = 0; column < shape.width; ++column) {
        const std::uint64_t* corner =
            image + (row * in.width + column) * window.stride * words;
        for (std::int64_t w = 0; w < words; ++w) {
          std::uint64_t any = 0;
          for (std::int64_t y = 0; y < window.height; ++y) {
            for (std::int64_t x = 0; x < window.width; ++x) {
              any |= corner[(y * in.width + x) * words + w] ^ least[w];
            }
          }
          *out++ = any ^ least[w];
        }
      }
    }
  }
}

}  // namespace signet::runtime

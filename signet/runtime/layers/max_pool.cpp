#include "signet/runtime/layers/max_pool.h"

#include <algorithm>

#include "signet/runtime/packing.h"

namespace signet::runtime {

PackedMaxPool pack_layer(const MaxPool& layer, Isa, const BlockSizes&) {
  PackedMaxPool packed{.in = layer.in,
                       .out = output_shape(layer),
                       .window = layer.window,
                       .least = layer.least,
                       .turned = {}};
  packed.least.resize(words_for(layer.in.channels));
  packed.turned.reserve(layer.in.channels);
  for (std::int64_t c = 0; c < layer.in.channels; ++c) {
    packed.turned.push_back(
        -static_cast<int>(packed.least[c / 64] >> (c % 64) & 1));
  }
  return packed;
}

std::size_t packed_bytes(const MaxPool& layer, Isa) {
  return words_for(layer.in.channels) * 8 + layer.in.channels * 4;
}

std::size_t scratch_bytes(const PackedMaxPool&) { return 0; }

namespace {

/// kSide is that of the window, or 0 for any: the loops over 2 x 2 pixels are
/// unrolled by the compiler.
template <std::int64_t kSide>
void pool(const PackedMaxPool& layer, const std::uint64_t* image,
          std::int64_t images, std::uint64_t* out) {
  const auto& [in, shape, window, least, turned] = layer;
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

void layer_sums(const PackedMaxPool& layer, const std::int32_t* input,
                std::int64_t images, void*, std::int32_t* out) {
  const auto& [in, shape, window, least, turned] = layer;
  const std::int64_t channels = in.channels;
  for (std::int64_t i = 0; i < images; ++i, input += in.values()) {
    for (std::int64_t row = 0; row < shape.height; ++row) {
      for (std::int64_t column = 0; column < shape.width;
           ++column, out += channels) {
        const std::int32_t* corner =
            input + (row * in.width + column) * window.stride * channels;
        // The least of x is the greatest of ~x, turned back.
        for (std::int64_t c = 0; c < channels; ++c) {
          out[c] = corner[c] ^ turned[c];
        }
        for (std::int64_t y = 0; y < window.height; ++y) {
          for (std::int64_t x = 0; x < window.width; ++x) {
            const std::int32_t* pixel = corner + (y * in.width + x) * channels;
            for (std::int64_t c = 0; c < channels; ++c) {
              out[c] = std::max(out[c], pixel[c] ^ turned[c]);
            }
          }
        }
        for (std::int64_t c = 0; c < channels; ++c) out[c] ^= turned[c];
      }
    }
  }
}

}  // namespace signet::runtime

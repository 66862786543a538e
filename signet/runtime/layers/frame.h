// Images with their padding written around them, so that every window of a
// convolution is a rectangle of memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "signet/runtime/format/description.h"

namespace signet::runtime {

/// Images in memory, channels last; strides in bytes.
struct ImageView {
  const std::byte* first;  ///< pixel of the first image
  std::int64_t pixel;      ///< from pixel to pixel,
  std::int64_t line;       ///< line to line
  std::int64_t image;      ///< and image to image
};

/// Bytes of one framed image whose pixels have `pixel` bytes.
std::int64_t framed_bytes(const MapShape& shape, std::int64_t pad,
                          std::int64_t pixel);

/// Images as they are.
ImageView images_in_place(const MapShape& shape, std::int64_t pixel,
                          const void* images);

/// Writes `count` images to `scratch`, each framed by `pad` pixels whose bytes
/// are all `filler`.
ImageView frame_images(const MapShape& shape, std::int64_t pad,
                       std::int64_t pixel, std::byte filler, const void* images,
                       std::int64_t count, void* scratch);

}  // namespace signet::runtime

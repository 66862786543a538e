#include "signet/runtime/layers/frame.h"

#include <cstring>

namespace signet::runtime {
namespace {

std::byte* fill(std::byte* to, std::byte filler, std::int64_t bytes) {
  std::memset(to, static_cast<int>(filler), bytes);
  return to + bytes;
}

}  // namespace

std::int64_t framed_bytes(const MapShape& shape, std::int64_t pad,
                          std::int64_t pixel) {
  return (shape.height + 2 * pad) * (shape.width + 2 * pad) * pixel;
}

ImageView images_in_place(const MapShape& shape, std::int64_t pixel,
                          const void* images) {
  const std::int64_t line = shape.width * pixel;
  return {static_cast<const std::byte*>(images), pixel, line,
          shape.height * line};
}

ImageView frame_images(const MapShape& shape, std::int64_t pad,
                       std::int64_t pixel, std::byte filler, const void* images,
                       std::int64_t count, void* scratch) {
  const auto* from = static_cast<const std::byte*>(images);
  const std::int64_t inside = shape.width * pixel;
  const std::int64_t side = pad * pixel;
  const std::int64_t line = inside + 2 * side;
  auto* to = static_cast<std::byte*>(scratch);
  for (std::int64_t i = 0; i < count; ++i) {
    // What stands right of a line and left of the next is one piece.
    to = fill(to, filler, pad * line + side);
    for (std::int64_t y = 0; y < shape.height; ++y) {
      std::memcpy(to, from, inside);
      to = fill(to + inside, filler, 2 * side);
      from += inside;
    }
    to = fill(to, filler, pad * line - side);
  }
  return {static_cast<const std::byte*>(scratch), pixel, line,
          framed_bytes(shape, pad, pixel)};
}

}  // namespace signet::runtime

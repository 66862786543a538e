// The inputs of a convolution's sums: a row for each place of its window.
#pragma once

#include <cstdint>

#include "signet/runtime/format/description.h"

namespace signet::runtime {

/// The places of a window on images of one shape. Patches are numbered over
/// [images, out.height, out.width].
struct PatchGrid {
  MapShape in;
  MapShape out;
  Window window;

  std::int64_t patch() const {
    return window.height * window.width * in.channels;
  }
};

/// Patches first .. first + count - 1 of bits: rows of words_for(patch()) words
/// in the order [window.height, window.width, in.channels]; outside the images
/// stands `pad`.
/// Shapes: images is [.., in.height, in.width, words_for(in.channels)].
void gather_bits(const PatchGrid& grid, const std::uint64_t* images, bool pad,
                 std::int64_t first, std::int64_t count, std::uint64_t* rows);

}  // namespace signet::runtime

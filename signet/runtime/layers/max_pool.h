// Max pooling of bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "signet/runtime/format/description.h"
#include "signet/runtime/isa.h"
#include "signet/runtime/kernels/limits.h"

namespace signet::runtime {

struct PackedMaxPool {
  MapShape in;
  MapShape out;
  Window window;
  std::vector<std::uint64_t> least;  ///< [words_for(in.channels)]
  std::vector<std::int32_t> turned;  ///< [in.channels]: -1 where least, else 0
};

/// These take what those of the other layers take, though pooling is the same
/// on every level and needs no scratch.
PackedMaxPool pack_layer(const MaxPool& layer, Isa isa, const BlockSizes& = {});
std::size_t packed_bytes(const MaxPool& layer, Isa isa);
std::size_t scratch_bytes(const PackedMaxPool& layer);

/// out = (OR of window (bits ^ least)) ^ least: the OR of the window, or the
/// AND in channels that take the least.
/// Shapes: input is [images, in.height, in.width, words_for(in.channels)], out
/// likewise.
void layer_bits(const PackedMaxPool& layer, const void* input,
                std::int64_t images, void* scratch, std::uint64_t* out);

/// The same of sums: the greatest of the window, or the least in channels that
/// take the least.
/// Shapes: input is [images, in.height, in.width, in.channels], out likewise.
void layer_sums(const PackedMaxPool& layer, const std::int32_t* input,
                std::int64_t images, void* scratch, std::int32_t* out);

}  // namespace signet::runtime

// A binary convolution, by the kernels for linear layers: a window of an image
// is a row of inputs in pieces. Where the channels are not whole words, windows
// are gathered into rows instead, a few at a time.
#pragma once

#include <cstdint>

#include "signet/runtime/aligned_buffer.h"
#include "signet/runtime/format/description.h"
#include "signet/runtime/kernels/levels.h"
#include "signet/runtime/kernels/limits.h"
#include "signet/runtime/layers/border.h"
#include "signet/runtime/layers/patches.h"

namespace signet::runtime {

struct PackedBinaryConv {
  PatchGrid grid;
  InputEncoding input;
  bool pad;              ///< the bit outside the image
  bool direct;           ///< windows are read in place, not gathered
  std::int64_t at_once;  ///< images framed, or rows gathered
  BorderCases border;
  ChosenKernel chosen;
  std::size_t kernel_scratch;    ///< bytes
  AlignedBuffer weights;         ///< in the kernel's own layout
  AlignedBuffer thresholds;      ///< the same, a set for each border case
  std::size_t threshold_stride;  ///< bytes from set to set
};

/// Repacks a checked layer for the best kernel that is at most `isa`.
PackedBinaryConv pack_layer(const BinaryConv& layer, Isa isa,
                            const BlockSizes& sizes = {});

/// Bytes that pack_layer() will allocate.
std::size_t packed_bytes(const BinaryConv& layer, Isa isa);

/// Scratch that the calls below need, in bytes.
std::size_t scratch_bytes(const PackedBinaryConv& layer);

/// Output bits.
/// Shapes: input is [images, in.height, in.width, in.channels], bytes if they
/// are pixels, otherwise a packed row for each pixel; out is
/// [images, out.height, out.width, words_for(out.channels)].
void layer_bits(const PackedBinaryConv& layer, const void* input,
                std::int64_t images, void* scratch, std::uint64_t* out);

/// The integers before thresholds: [images, out.height, out.width,
/// out.channels].
void layer_sums(const PackedBinaryConv& layer, const void* input,
                std::int64_t images, void* scratch, std::int32_t* out);

}  // namespace signet::runtime

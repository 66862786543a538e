// Every constant that chooses a kernel, a layout or a size of blocks by shape,
// in one place. The values were measured.
//
// Levels with flags of their own include this: constants only, no code.
#pragma once

#include <cstdint>

namespace signet::runtime {

/// Examples of a block. Beyond it weights are read no less often, and
/// activations leave the cache.
constexpr std::int64_t kMaxBlock = 64;

/// Activations of a block before or after a layer, bytes at most, unless one
/// example has more: two of these stay in an L2 cache of 1 MiB.
constexpr std::int64_t kBlockBytes = std::int64_t{512} << 10;

/// Images that a convolution frames with their padding at once, bytes, unless
/// one has more: they share the L1 cache with a panel of weights.
constexpr std::int64_t kFramedBytes = 32 << 10;

/// Patches of a convolution that are gathered at once, bytes: they share the L1
/// cache with a panel of weights.
constexpr std::int64_t kGatheredBytes = 4 << 10;

/// These four as values, for a calibration to try others.
struct BlockSizes {
  std::int64_t max_block = kMaxBlock;
  std::int64_t block_bytes = kBlockBytes;
  std::int64_t framed_bytes = kFramedBytes;
  std::int64_t gathered_bytes = kGatheredBytes;
};

/// Weights of a layer on pixels, as bytes, up to which products of bytes are
/// faster than tables: those that stay in an L1 cache.
constexpr std::int64_t kPatchWeightBytes = 32 << 10;

/// Layers of 8-bit inputs that AVX2 computes by tables: the inputs of a row and
/// the outputs, at least. For fewer outputs, building the tables costs more
/// than multiplying.
constexpr std::int64_t kAvx2TableInputs = 64;
constexpr std::int64_t kAvx2TableOutputs = 128;

/// Rows from which a call uses tiles of 16 rows; below, popcount. These are
/// from published figures and from prototypes, not measured with this code:
/// there was no processor with AMX.
constexpr std::int64_t kAmxRows = 16;
/// Rows of a last tile, at most, that are left to popcount.
constexpr std::int64_t kAmxSpareRows = 8;
/// Rows that are expanded to bytes at once; a multiple of 32. Weights are
/// expanded once for so many, the inputs should stay in the L2 cache.
constexpr std::int64_t kAmxChunkRows = 128;
/// Inputs of a row, at most: the scratch of a chunk is 128 bytes for each.
constexpr std::int64_t kAmxMaxInputs = 16384;
/// Pixels of a row, at least: of fewer, most of a tile would be empty.
constexpr std::int64_t kAmxMinPixels = 32;
/// Outputs, at least: expanding a row is to pay.
constexpr std::int64_t kAmxMinOutputs = 32;

}  // namespace signet::runtime

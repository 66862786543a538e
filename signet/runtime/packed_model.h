// A model repacked for this processor: its layers, and the walk through them.
#pragma once

#include <cstdint>
#include <type_traits>
#include <variant>
#include <vector>

#include "signet/runtime/aligned_buffer.h"
#include "signet/runtime/format/description.h"
#include "signet/runtime/kernels/limits.h"
#include "signet/runtime/layers/binary_conv.h"
#include "signet/runtime/layers/binary_linear.h"
#include "signet/runtime/layers/max_pool.h"
#include "signet/runtime/layers/real_linear.h"
#include "signet/runtime/trace.h"

namespace signet::runtime {

struct PackedLayer {
  MapShape before;  ///< what comes in; a linear layer reads it as a row
  MapShape out;
  std::variant<PackedBinaryLinear, PackedBinaryConv, PackedMaxPool,
               PackedRealLinear>
      packed;
};

/// Whether T is a packed layer that makes integers.
template <class T>
constexpr bool kHasSums = std::is_same_v<std::decay_t<T>, PackedBinaryLinear> ||
                          std::is_same_v<std::decay_t<T>, PackedBinaryConv>;

struct PackedModel {
  InputEncoding input;  ///< of the bytes in front
  const RowPackers* packers;
  BlockSizes sizes;
  std::vector<PackedLayer> layers;
};

/// Repacks a checked model for the best kernels that are at most `isa`.
PackedModel pack_model(const ModelDescription& description, Isa isa,
                       const BlockSizes& sizes = {});

/// Bytes that pack_model() will allocate.
std::int64_t packed_bytes(const ModelDescription& description, Isa isa);

/// What a pass over a block of examples needs.
struct PassMemory {
  std::int64_t block;            ///< examples, at most
  AlignedBuffer activations[2];  ///< a layer reads one, writes the other
  AlignedBuffer sums;            ///< [block, outputs] of the last layer
  AlignedBuffer scratch;
};

/// Sizes of a PassMemory, in bytes.
struct PassSizes {
  std::int64_t block;  ///< examples
  std::int64_t activations, sums, scratch;

  std::int64_t total() const { return 2 * activations + sums + scratch; }
};

/// For blocks of at most `max_batch` examples, fewer where 64 would not stay in
/// the cache.
PassSizes pass_sizes(const PackedModel& model, std::int64_t max_batch);

/// Memory of these sizes.
PassMemory memory_for(const PackedModel& model, std::int64_t max_batch);

/// Where the examples of a block go in a trace.
struct BlockTrace {
  Trace& trace;
  std::int64_t first;  ///< example
};

/// Runs a block.
/// Shapes: inputs is [examples, inputs] bytes, scores [examples, outputs];
/// examples is at most memory.block.
/// Cost: no allocation.
void run_block(const PackedModel& model, const std::uint8_t* inputs,
               std::int64_t examples, PassMemory& memory, float* scores,
               const BlockTrace* trace);

}  // namespace signet::runtime

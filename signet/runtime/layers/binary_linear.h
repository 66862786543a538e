// A binary linear layer, repacked for the kernel that will run it.
#pragma once

#include <cstdint>
#include <optional>

#include "signet/runtime/aligned_buffer.h"
#include "signet/runtime/format/description.h"
#include "signet/runtime/kernels/levels.h"
#include "signet/runtime/kernels/limits.h"

namespace signet::runtime {

struct PackedBinaryLinear {
  std::int64_t inputs;
  std::int64_t outputs;
  InputEncoding input;
  ChosenKernel chosen;
  std::size_t scratch_bytes;     ///< of the kernel
  AlignedBuffer weights;         ///< in the kernel's own layout
  AlignedBuffer thresholds;      ///< the same; empty for the last layer
  std::optional<Scores> scores;  ///< of the last layer
};

/// Repacks a checked layer for the best kernel that is at most `isa`.
PackedBinaryLinear pack_layer(const BinaryLinear& layer, Isa isa,
                              const BlockSizes& = {});

/// Bytes that pack_layer() will allocate.
std::size_t packed_bytes(const BinaryLinear& layer, Isa isa);

/// Scratch that the calls below need, in bytes.
std::size_t scratch_bytes(const PackedBinaryLinear& layer);

/// Output bits of a hidden layer.
/// Shapes: input as in LinearCall; out is [rows, words_for(outputs)].
void layer_bits(const PackedBinaryLinear& layer, const void* input,
                std::int64_t rows, void* scratch, std::uint64_t* out);

/// The integers before thresholds or scales; out is [rows, outputs].
void layer_sums(const PackedBinaryLinear& layer, const void* input,
                std::int64_t rows, void* scratch, std::int32_t* out);

/// Scores of the last layer from its sums; both [rows, outputs].
void layer_scores(const Scores& affine, const std::int32_t* sums,
                  std::int64_t rows, float* scores);

}  // namespace signet::runtime

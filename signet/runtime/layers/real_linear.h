// A last layer with real weights, as integers for the kernel that will run it.
#pragma once

#include <cstdint>
#include <vector>

#include "signet/runtime/aligned_buffer.h"
#include "signet/runtime/format/description.h"
#include "signet/runtime/kernels/levels.h"
#include "signet/runtime/kernels/limits.h"

namespace signet::runtime {

struct PackedRealLinear {
  std::int64_t inputs;
  std::int64_t outputs;
  InputEncoding input;
  ChosenRealKernel chosen;
  std::int64_t stride;               ///< integers from output to output
  AlignedBuffer weights;             ///< q, as RealCall wants them
  std::vector<double> units;         ///< u_j, [outputs]
  std::vector<std::int64_t> totals;  ///< sum_k q_jk, [outputs]
  Scores scores;
};

/// Rounds the weights of a checked layer, for the best kernel that is at most
/// `isa`.
PackedRealLinear pack_layer(const RealLinear& layer, Isa isa,
                            const BlockSizes& = {});

/// Bytes that pack_layer() will allocate.
std::size_t packed_bytes(const RealLinear& layer, Isa isa);

/// Scratch that layer_scores() needs, in bytes.
std::size_t scratch_bytes(const PackedRealLinear& layer);

/// Scores of rows of bits, by the layer's own scale and offset or others.
/// Shapes: input is [rows, words_for(inputs)], scores [rows, outputs].
void layer_scores(const PackedRealLinear& layer, const Scores& affine,
                  const void* input, std::int64_t rows, void* scratch,
                  float* scores);

}  // namespace signet::runtime

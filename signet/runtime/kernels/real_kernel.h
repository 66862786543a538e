// What a level offers for a last layer with real weights. As in kernel.h, no
// inline functions here.
#pragma once

#include <cstdint>

namespace signet::runtime {

/// One call for `rows` rows of bits.
struct RealCall {
  std::int64_t inputs;
  std::int64_t outputs;
  /// [outputs, stride], aligned to 64: integers up to +-2^25, 0 from `inputs`
  /// on. All levels read this layout.
  const std::int32_t* weights;
  std::int64_t stride;         ///< a multiple of 16
  const std::uint64_t* input;  ///< [rows, words_for(inputs)], padded with 0
  std::int64_t rows;
};

/// p_j = sum of the weights under 1 bits: out is [rows, outputs]. Exact in any
/// order, so the same on every level.
struct RealKernel {
  const char* name;  ///< what it does, for people
  void (*sums)(const RealCall& call, std::int64_t* out);
};

}  // namespace signet::runtime

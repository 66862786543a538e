// What the two AVX2 kernels for 8-bit pixels have in common: how rows come in
// and how int32 sums of 32 channels, four vectors of 8, go out.
//
// For files compiled with -mavx2 only. Everything is in an unnamed namespace,
// so each of them has its own copy (see kernel.h).
#pragma once

#include <immintrin.h>

#include "signet/runtime/kernels/kernel.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

constexpr std::int64_t kPanel = 32;  // channels

constexpr std::int64_t panels_of(std::int64_t outputs) {
  return (outputs + kPanel - 1) / kPanel;
}

std::size_t threshold_bytes(const LinearLayer& layer) {
  return 4 * kPanel * panels_of(layer.outputs);
}

/// As they are; those of padding are INT32_MAX, never reached.
void pack_thresholds(const LinearLayer& layer, const std::int32_t* thresholds,
                     void* packed) {
  auto* to = static_cast<std::int32_t*>(packed);
  for (std::int64_t j = 0; j < kPanel * panels_of(layer.outputs); ++j) {
    to[j] = j < layer.outputs ? thresholds[j] : INT32_MAX;
  }
}

/// Copies a row's segments one behind the other and zeros behind them, up to
/// `size` bytes.
void gather_row(const LinearCall& call, std::int64_t row, std::int64_t size,
                std::uint8_t* to) {
  const std::int64_t length = call.inputs / call.segments;
  const auto* from =
      static_cast<const std::uint8_t*>(call.input) + row * call.row_stride;
  for (std::int64_t s = 0; s < call.segments; ++s) {
    __builtin_memcpy(to + s * length, from + s * call.segment_stride, length);
  }
  __builtin_memset(to + call.inputs, 0, size - call.inputs);
}

/// s >= t: the signs of a panel are half an output word.
struct ToBits {
  const std::int32_t* thresholds;
  std::uint64_t* out;
  std::int64_t stride;

  void panel(std::int64_t channel, std::int64_t row,
             const __m256i* sums) const {
    std::uint32_t below = 0;
    for (int v = 0; v < 4; ++v) {
      const __m256i threshold = _mm256_load_si256(
          reinterpret_cast<const __m256i*>(thresholds + channel + 8 * v));
      const int mask = _mm256_movemask_ps(
          _mm256_castsi256_ps(_mm256_cmpgt_epi32(threshold, sums[v])));
      below |= static_cast<std::uint32_t>(mask) << (8 * v);
    }
    const std::uint32_t word = ~below;
    __builtin_memcpy(reinterpret_cast<char*>(out + row * stride) + channel / 8,
                     &word, 4);
  }
};

struct ToSums {
  std::int32_t* out;
  std::int64_t stride;
  std::int64_t outputs;

  void panel(std::int64_t channel, std::int64_t row,
             const __m256i* sums) const {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    for (int v = 0; v < 4; ++v) {
      const std::int64_t j = channel + 8 * v;
      if (j >= outputs) return;
      const int left = static_cast<int>(outputs - j < 8 ? outputs - j : 8);
      _mm256_maskstore_epi32(out + row * stride + j,
                             _mm256_cmpgt_epi32(_mm256_set1_epi32(left), lanes),
                             sums[v]);
    }
  }
};

ToBits to_bits(const LinearCall& call, std::uint64_t* out) {
  // Panels are half words: the last one may have no other half.
  const std::int64_t last = words_for(call.outputs) - 1;
  for (std::int64_t row = 0; row < call.rows; ++row) {
    out[row * call.out_stride + last] = 0;
  }
  return {static_cast<const std::int32_t*>(call.thresholds), out,
          call.out_stride};
}

ToSums to_sums(const LinearCall& call, std::int32_t* out) {
  return {out, call.out_stride, call.outputs};
}

}  // namespace
}  // namespace signet::runtime

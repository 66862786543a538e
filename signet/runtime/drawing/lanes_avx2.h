#pragma once

#include <immintrin.h>

#include "signet/runtime/drawing/philox_lanes.h"
#include "signet/runtime/drawing/vectors.h"

namespace signet::drawing {
namespace {

/// Eight lanes, for -mavx2 -mfma. See vectors.h.
struct Avx2Lanes {
  static constexpr int kLanes = 8;
  using F [[gnu::vector_size(32)]] = float;
  using U [[gnu::vector_size(32)]] = uint32_t;
  using D [[gnu::vector_size(32)]] = uint64_t;
  using Less [[gnu::vector_size(32)]] = int32_t;

  [[gnu::always_inline]] static D mul(D a, D b) {
    return (D)_mm256_mul_epu32((__m256i)a, (__m256i)b);
  }
  [[gnu::always_inline]] static U merge(D even, D odd) {
    return (U)_mm256_blend_epi32((__m256i)even, (__m256i)(odd << 32), 0xAA);
  }
  [[gnu::always_inline]] static F multiply_add(F a, F b, F c) {
    return (F)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
  }
  [[gnu::always_inline]] static F at_most(float bound, F x) {
    return (F)_mm256_min_ps(_mm256_set1_ps(bound), (__m256)x);
  }
  [[gnu::always_inline]] static F at_least(float bound, F x) {
    return (F)_mm256_max_ps(_mm256_set1_ps(bound), (__m256)x);
  }
  [[gnu::always_inline]] static F logits(const int32_t* s, const double* scale,
                                         const double* offset) {
    const auto half = [&](int i) {
      const __m256d sums =
          _mm256_cvtepi32_pd(_mm_loadu_si128((const __m128i*)(s + i)));
      return _mm256_cvtpd_ps(
          _mm256_add_pd(_mm256_mul_pd(_mm256_loadu_pd(scale + i), sums),
                        _mm256_loadu_pd(offset + i)));
    };
    return (F)_mm256_set_m128(half(4), half(0));
  }
  [[gnu::always_inline]] static uint64_t mask(Less below) {
    return (uint32_t)_mm256_movemask_ps((__m256)below);
  }
  using Stream = PhiloxLanes<D, U, Avx2Lanes>;
};

}  // namespace
}  // namespace signet::drawing

#pragma once

#include <immintrin.h>

#include "signet/runtime/drawing/philox_lanes.h"
#include "signet/runtime/drawing/vectors.h"

namespace signet::drawing {
namespace {

/// Sixteen lanes, for -mavx512f. See vectors.h. Operations of a whole mask are
/// unmasked ones; but g++ 12 warns of those forms' undefined source (PR105593).
struct Avx512Lanes {
  static constexpr int kLanes = 16;
  using F [[gnu::vector_size(64)]] = float;
  using U [[gnu::vector_size(64)]] = uint32_t;
  using D [[gnu::vector_size(64)]] = uint64_t;
  using Less [[gnu::vector_size(64)]] = int32_t;

  [[gnu::always_inline]] static D mul(D a, D b) {
    return (D)_mm512_maskz_mul_epu32(0xFF, (__m512i)a, (__m512i)b);
  }
  /// Copies the low halves of `odd` to the odd 32-bit lanes of `even`.
  [[gnu::always_inline]] static U merge(D even, D odd) {
    return (U)_mm512_mask_shuffle_epi32((__m512i)even, 0xAAAA, (__m512i)odd,
                                        _MM_PERM_CCAA);
  }
  [[gnu::always_inline]] static F multiply_add(F a, F b, F c) {
    return (F)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
  }
  [[gnu::always_inline]] static F at_most(float bound, F x) {
    return (F)_mm512_maskz_min_ps(0xFFFF, _mm512_set1_ps(bound), (__m512)x);
  }
  [[gnu::always_inline]] static F at_least(float bound, F x) {
    return (F)_mm512_maskz_max_ps(0xFFFF, _mm512_set1_ps(bound), (__m512)x);
  }
  [[gnu::always_inline]] static F logits(const int32_t* s, const double* scale,
                                         const double* offset) {
    const auto half = [&](int i) {
      const __m512d sums = _mm512_maskz_cvtepi32_pd(
          0xFF, _mm256_loadu_si256((const __m256i*)(s + i)));
      return _mm512_maskz_cvtpd_ps(
          0xFF, _mm512_add_pd(_mm512_mul_pd(_mm512_loadu_pd(scale + i), sums),
                              _mm512_loadu_pd(offset + i)));
    };
    const __m512d low = _mm512_castps_pd(_mm512_zextps256_ps512(half(0)));
    return (F)_mm512_castpd_ps(
        _mm512_maskz_insertf64x4(0xFF, low, _mm256_castps_pd(half(8)), 1));
  }
  [[gnu::always_inline]] static uint64_t mask(Less below) {
    return _mm512_test_epi32_mask((__m512i)below, (__m512i)below);
  }
  using Stream = PhiloxLanes<D, U, Avx512Lanes>;
};

}  // namespace
}  // namespace signet::drawing

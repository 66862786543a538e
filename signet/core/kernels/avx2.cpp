#include <immintrin.h>

#include "signet/core/kernels/make_level.h"
#include "signet/core/kernels/philox_lanes.h"

namespace signet::kernels {
namespace {

struct Lanes {
  static constexpr int kLanes = 8;
  using F [[gnu::vector_size(32)]] = float;
  using Row = F;
  using U [[gnu::vector_size(32)]] = uint32_t;
  using H [[gnu::vector_size(16)]] = uint16_t;
  using D [[gnu::vector_size(32)]] = uint64_t;

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
  [[gnu::always_inline]] static U widen(H x) {
    return (U)_mm256_cvtepu16_epi32((__m128i)x);
  }
  [[gnu::always_inline]] static H narrow(U x) {
    const auto packed = _mm256_packus_epi32((__m256i)x, (__m256i)x);
    return (H)_mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08));
  }
  using Stream = PhiloxLanes<D, U, Lanes>;
};

}  // namespace

extern const Level kAvx2;
constinit const Level kAvx2 = make_level<Lanes>("avx2");

}  // namespace signet::kernels

#include <immintrin.h>

#include "signet/core/kernels/make_level.h"
#include "signet/core/kernels/philox_lanes.h"

namespace signet::kernels {
namespace {

struct Lanes {
  static constexpr int kLanes = 16;
  using F [[gnu::vector_size(64)]] = float;
  using Row [[gnu::vector_size(32)]] = float;
  using U [[gnu::vector_size(64)]] = uint32_t;
  using H [[gnu::vector_size(32)]] = uint16_t;
  using D [[gnu::vector_size(64)]] = uint64_t;

  /// Unmasked; but g++ 12 warns of that form's undefined source (PR105593).
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
  [[gnu::always_inline]] static U widen(H x) {
    return (U)_mm512_maskz_cvtepu16_epi32(0xFFFF, (__m256i)x);
  }
  [[gnu::always_inline]] static H narrow(U x) {
    return (H)_mm512_maskz_cvtepi32_epi16(0xFFFF, (__m512i)x);
  }
  using Stream = PhiloxLanes<D, U, Lanes>;
};

}  // namespace

extern const Level kAvx512;
constinit const Level kAvx512 = make_level<Lanes>("avx512");

}  // namespace signet::kernels

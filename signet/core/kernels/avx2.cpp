#include "signet/core/kernels/make_level.h"
#include "signet/runtime/drawing/lanes_avx2.h"

namespace signet::kernels {
namespace {

struct Lanes : Avx2Lanes {
  using Row = F;
  using H [[gnu::vector_size(16)]] = uint16_t;

  [[gnu::always_inline]] static U widen(H x) {
    return (U)_mm256_cvtepu16_epi32((__m128i)x);
  }
  [[gnu::always_inline]] static H narrow(U x) {
    const auto packed = _mm256_packus_epi32((__m256i)x, (__m256i)x);
    return (H)_mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08));
  }
};

}  // namespace

extern const Level kAvx2;
constinit const Level kAvx2 = make_level<Lanes>("avx2");

}  // namespace signet::kernels

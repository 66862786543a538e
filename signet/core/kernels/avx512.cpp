#include "signet/core/kernels/make_level.h"
#include "signet/runtime/drawing/lanes_avx512.h"

namespace signet::kernels {
namespace {

struct Lanes : Avx512Lanes {
  using Row [[gnu::vector_size(32)]] = float;
  using H [[gnu::vector_size(32)]] = uint16_t;

  [[gnu::always_inline]] static U widen(H x) {
    return (U)_mm512_maskz_cvtepu16_epi32(0xFFFF, (__m256i)x);
  }
  [[gnu::always_inline]] static H narrow(U x) {
    return (H)_mm512_maskz_cvtepi32_epi16(0xFFFF, (__m512i)x);
  }
};

}  // namespace

extern const Level kAvx512;
constinit const Level kAvx512 = make_level<Lanes>("avx512");

}  // namespace signet::kernels

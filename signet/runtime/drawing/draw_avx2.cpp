#include "signet/runtime/drawing/draw_bits.h"
#include "signet/runtime/drawing/lanes_avx2.h"

namespace signet::runtime {
namespace {

bool supported() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

}  // namespace

extern const DrawKernel kDrawAvx2;
const DrawKernel kDrawAvx2{Isa::avx2, supported, DrawBits<Avx2Lanes>::bits};

}  // namespace signet::runtime

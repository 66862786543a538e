#include "signet/runtime/drawing/draw_bits.h"
#include "signet/runtime/drawing/lanes_avx512.h"

namespace signet::runtime {
namespace {

bool supported() { return __builtin_cpu_supports("avx512f"); }

}  // namespace

extern const DrawKernel kDrawAvx512;
const DrawKernel kDrawAvx512{Isa::avx512vpopcnt, supported,
                             DrawBits<Avx512Lanes>::bits};

}  // namespace signet::runtime

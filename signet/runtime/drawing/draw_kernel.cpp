#include "signet/runtime/drawing/draw_kernel.h"

namespace signet::runtime {

#if defined(__x86_64__) && !defined(SIGNET_SCALAR_ONLY)
extern const DrawKernel kDrawAvx512, kDrawAvx2;
#endif
extern const DrawKernel kDrawScalar;

const DrawKernel& choose_draw_kernel([[maybe_unused]] Isa isa) {
#if defined(__x86_64__) && !defined(SIGNET_SCALAR_ONLY)
  for (const DrawKernel* kernel : {&kDrawAvx512, &kDrawAvx2}) {
    if (kernel->isa <= isa && kernel->supported()) return *kernel;
  }
#endif
  return kDrawScalar;
}

}  // namespace signet::runtime

#include "signet/runtime/drawing/draw_bits.h"
#include "signet/runtime/drawing/lanes_scalar.h"

namespace signet::runtime {
namespace {

bool supported() { return true; }

}  // namespace

extern const DrawKernel kDrawScalar;
const DrawKernel kDrawScalar{Isa::scalar, supported,
                             DrawBits<ScalarLanes>::bits};

}  // namespace signet::runtime

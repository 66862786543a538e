// signet/runtime/kernels/amx.cpp over emulated tiles. Compiled for AVX-512, so
// nothing here is inline or a template of the standard library.
#if defined(SIGNET_EMULATED_AMX)
#include "tests/runtime/amx_emulation.h"

#define kAmxBinary kEmulatedAmxBinary
#define kAmxPixels kEmulatedAmxPixels
#define thread_may_use_tiles emulated_tiles_permitted
#include "signet/runtime/kernels/amx.cpp"
#include "tests/runtime/amx_emulated.h"

namespace signet::runtime {
namespace {

bool permitted = true;

}  // namespace

bool emulated_tiles_permitted() { return permitted; }

void permit_emulated_tiles(bool now) { permitted = now; }

TileUse emulated_tile_use() {
  return {emulated::tiles.faults, emulated::tiles.products,
          emulated::tiles.configured};
}

}  // namespace signet::runtime
#endif

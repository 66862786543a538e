// The AMX kernels over emulated tiles (amx_emulation.h), for tests.
#pragma once

#include "signet/runtime/kernels/kernel.h"

namespace signet::runtime {

#if defined(SIGNET_EMULATED_AMX)
extern const LinearKernel kEmulatedAmxBinary;
extern const LinearKernel kEmulatedAmxPixels;

/// What the emulation has seen.
struct TileUse {
  long faults;      ///< where the processor would have stopped
  long products;    ///< multiplications of tiles
  bool configured;  ///< tiles are in use still
};
TileUse emulated_tile_use();

/// Whether the system gives tiles when it is asked; it does at first.
void permit_emulated_tiles(bool permitted);
#endif

/// Whether this processor has what else the kernels use: the rest of AVX-512.
inline bool amx_emulation_runs_here() {
#if defined(SIGNET_EMULATED_AMX)
  return __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vbmi") &&
         __builtin_cpu_supports("avx512vpopcntdq") &&
         __builtin_cpu_supports("gfni");
#else
  return false;
#endif
}

}  // namespace signet::runtime

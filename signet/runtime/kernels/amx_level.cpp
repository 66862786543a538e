// The AMX level's record, in a file that any processor can run.
#include "signet/runtime/kernels/amx_level.h"

#include <cpuid.h>

#include "signet/runtime/kernels/kernel.h"

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace signet::runtime {

extern const Level kAmxLevel;
extern const LinearKernel kAmxBinary;  // amx.cpp
extern const LinearKernel kAmxPixels;

namespace {

/// The processor's tiles of int8, and the system's saving of them.
bool has_tiles() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_OSXSAVE) == 0) return false;
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  constexpr unsigned kSaved = 3u << 17;  // TILECFG, TILEDATA
  constexpr unsigned kTiles = 3u << 24;  // amx-tile, amx-int8
  return (low & kSaved) == kSaved && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
         (d & kTiles) == kTiles;
}

/// Linux gives a process tiles when it asks; where it does not (old ones,
/// seccomp, gVisor, a signal stack that is too small) there are none.
bool request_tiles() {
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

bool supported() {
  return has_tiles() && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vbmi") &&
         __builtin_cpu_supports("avx512vpopcntdq") &&
         __builtin_cpu_supports("gfni") && thread_may_use_tiles();
}

constexpr const LinearKernel* kKernels[] = {&kAmxPixels, &kAmxBinary, nullptr};

}  // namespace

bool thread_may_use_tiles() {
  static thread_local const bool may = request_tiles();
  return may;
}

const Level kAmxLevel{Isa::amx, supported, kKernels};

}  // namespace signet::runtime

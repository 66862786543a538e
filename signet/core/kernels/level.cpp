#include "signet/core/kernels/level.h"

#include <cstdlib>
#include <vector>

namespace signet::kernels {

extern const Level kScalar;
#ifdef SIGNET_CORE_X86
extern const Level kAvx2, kAvx512;
#endif

std::span<const Level* const> levels() {
  static const auto levels = [] {
    std::vector<const Level*> levels;
#ifdef SIGNET_CORE_X86
    if (__builtin_cpu_supports("avx512f")) levels.push_back(&kAvx512);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
      levels.push_back(&kAvx2);
#endif
    levels.push_back(&kScalar);
    return levels;
  }();
  return levels;
}

const Level& level_for(std::string_view cap) {
  for (const Level* level : levels()) {
    if (level->name == cap) return *level;
  }
  return *(cap == "avx2" ? levels().back() : levels().front());
}

const Level& level() {
  static const Level& level = []() -> const Level& {
    const char* cap = std::getenv("SIGNET_FORCE_ISA");
    return level_for(cap ? cap : "");
  }();
  return level;
}

}  // namespace signet::kernels

#include "signet/runtime/kernels/levels.h"

namespace signet::runtime {

#if defined(__x86_64__) && !defined(SIGNET_SCALAR_ONLY)
extern const Level kAmxLevel;
extern const Level kAvx512VpopcntLevel;
extern const Level kAvx2Level;
#elif defined(__aarch64__) && !defined(SIGNET_SCALAR_ONLY)
extern const Level kNeonLevel;
#endif
extern const Level kScalarLevel;

namespace {

// Best first; a new level is a line here and one in CMakeLists.txt.
constexpr const Level* kLevels[] = {
#if defined(__x86_64__) && !defined(SIGNET_SCALAR_ONLY)
    &kAmxLevel,
    &kAvx512VpopcntLevel,
    &kAvx2Level,
#elif defined(__aarch64__) && !defined(SIGNET_SCALAR_ONLY)
    &kNeonLevel,
#endif
    &kScalarLevel,
};

}  // namespace

std::span<const Level* const> levels() { return kLevels; }

ChosenKernel choose_kernel(const LinearLayer& layer, Isa isa) {
  for (const Level* level : kLevels) {
    if (level->isa > isa || !level->supported()) continue;
    for (auto kernel = level->kernels; *kernel != nullptr; ++kernel) {
      if ((*kernel)->takes(layer)) return {level->isa, *kernel};
    }
  }
  return {Isa::scalar, nullptr};
}

const RowPackers& choose_packers(Isa isa) {
  const RowPackers* best = nullptr;
  for (const Level* level : kLevels) {
    if (level->isa > isa || !level->supported()) continue;
    if (best == nullptr) best = level->packers;
  }
  return *best;
}

ChosenRealKernel choose_real_kernel(Isa isa) {
  for (const Level* level : kLevels) {
    if (level->real && level->isa <= isa && level->supported()) {
      return {level->isa, level->real};
    }
  }
  return {Isa::scalar, nullptr};
}

}  // namespace signet::runtime

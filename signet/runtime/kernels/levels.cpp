#include "signet/runtime/kernels/levels.h"

namespace signet::runtime {

#if defined(__x86_64__)
extern const Level kAvx512VpopcntLevel;
#endif
extern const Level kScalarLevel;

namespace {

// Best first; a new level is a line here and one in CMakeLists.txt.
constexpr const Level* kLevels[] = {
#if defined(__x86_64__)
    &kAvx512VpopcntLevel,
#endif
    &kScalarLevel,
};

}  // namespace

std::span<const Level* const> levels() { return kLevels; }

ChosenKernel choose_kernel(InputEncoding input, Isa isa) {
  for (const Level* level : kLevels) {
    const LinearKernel* kernel =
        input == InputEncoding::pixels ? level->pixels : level->binary;
    if (kernel && level->isa <= isa && level->supported()) {
      return {level->isa, kernel};
    }
  }
  return {Isa::scalar, nullptr};
}

}  // namespace signet::runtime

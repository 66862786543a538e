// The levels of this build, best first.
#pragma once

#include <span>

#include "signet/runtime/kernels/kernel.h"

namespace signet::runtime {

/// Every level compiled in, best first, whether or not this processor has it.
std::span<const Level* const> levels();

/// A kernel and the level that it is of.
struct ChosenKernel {
  Isa isa;
  const LinearKernel* kernel;
};

/// The first kernel that takes the layer, on the best level that is at most
/// `isa` and runs here. The scalar level takes every layer.
ChosenKernel choose_kernel(const LinearLayer& layer, Isa isa);

/// The packers of the best such level that has any. The scalar level has.
const RowPackers& choose_packers(Isa isa);

/// The same for real weights.
struct ChosenRealKernel {
  Isa isa;
  const RealKernel* kernel;
};
ChosenRealKernel choose_real_kernel(Isa isa);

}  // namespace signet::runtime

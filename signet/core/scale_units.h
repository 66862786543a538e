#pragma once

#include <ATen/core/Tensor.h>

namespace signet {

/// Every value of an example's units times the value of the example: what
/// broadcasting does, without its cost for layers of a few units.
/// Shapes: per_unit [E, n...], per_example [E]; result [E, n...].
/// Cost: one pass for float on the CPU.
at::Tensor scale_units(const at::Tensor& per_unit,
                       const at::Tensor& per_example);

}  // namespace signet

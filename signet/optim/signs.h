#pragma once

#include <ATen/core/Tensor.h>

namespace signet {

/// Whether each weight is positive, x >= 0, as bytes 0 or 1 (uint8).
/// Shapes: any. Cost: one pass for contiguous float on a CPU.
at::Tensor positive_signs(const at::Tensor& x);

/// How many elements of x have another sign than `positive` says.
/// Shapes: equal. Cost: as positive_signs.
int64_t count_flips(const at::Tensor& x, const at::Tensor& positive);

}  // namespace signet

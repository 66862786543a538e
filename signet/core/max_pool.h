#pragma once

#include <ATen/core/Tensor.h>

namespace signet {

/// The greatest value of each window of size x size pixels, one every `stride`
/// pixels, without padding; windows that do not fit are dropped. NaN is the
/// greatest. The gradient goes to the first greatest of a window, row by row
/// (to the last NaN).
/// Shapes: x [B, H, W, C]; result
/// [B, (H - size) / stride + 1, (W - size) / stride + 1, C], contiguous.
/// Cost: size = stride = 2 in float or bfloat16 on the CPU: one pass forward
/// and one backward, which finds the greatest again. Else that of ATen.
/// Errors: UsageError if no window fits.
at::Tensor max_pool(const at::Tensor& x, int64_t size, int64_t stride);

}  // namespace signet

#pragma once

#include <ATen/core/Tensor.h>

namespace signet {

/// y = W x + b with a matrix of its own for each replicate: R copies of a
/// network side by side, so that one backward pass gives R gradients.
/// Shapes: x [B, inputs] (the same for all), [R, B, inputs] or
/// [K, R, B, inputs]; weight [R, outputs, inputs]; bias [R, outputs] or
/// undefined; result [R, B, outputs] or [K, R, B, outputs].
/// Cost: for float on the CPU and sides up to 64 a kernel without the few
/// microseconds that a batched product takes for each tiny matrix; else that.
/// Errors: UsageError if a shape does not fit.
at::Tensor replicated_linear(const at::Tensor& x, const at::Tensor& weight,
                             const at::Tensor& bias = {});

/// The same by batched products: the definition, for every type and device.
at::Tensor replicated_linear_reference(const at::Tensor& x,
                                       const at::Tensor& weight,
                                       const at::Tensor& bias = {});

}  // namespace signet

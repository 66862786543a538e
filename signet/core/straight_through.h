#pragma once

#include "signet/core/estimator.h"

namespace signet {

/// Straight-through: `x` forward; backward g_a = scale F'(a) g_x.
/// `x` must not carry a gradient of its own.
Tensor straight_through(const Tensor& logits, const Tensor& x,
                        const Noise& noise, double scale);

/// `x` forward; backward g_a = factor g_x, whatever made the factor.
/// Neither `x` nor `factor` may carry a gradient of its own.
/// Shapes: all three that of `logits`.
Tensor straight_through(const Tensor& logits, const Tensor& x,
                        const Tensor& factor);

}  // namespace signet

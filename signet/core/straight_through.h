#pragma once

#include "signet/core/estimator.h"

namespace signet {

/// Straight-through: `x` forward; backward g_a = scale F'(a) g_x.
/// `x` must not carry a gradient of its own.
Tensor straight_through(const Tensor& logits, const Tensor& x,
                        const Noise& noise, double scale);

}  // namespace signet

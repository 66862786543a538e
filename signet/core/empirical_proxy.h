#pragma once

#include "signet/core/estimator.h"

namespace signet {

/// Straight-through with a proxy that no noise has, given by its derivative:
///   x ~ F(a), or the mode where the parameter `deterministic` says so;
///   g_a = (hi - lo) / 2 * proxy'(a) g_x
/// so `slope_of_proxy` is that of a {-1,+1} unit.
/// Shapes: both that of `logits`.
Tensor draw_with_proxy(const Tensor& logits, const DrawContext& context,
                       const Tensor& slope_of_proxy);

/// The parameter `deterministic` of these rules.
Parameter deterministic_parameter();

}  // namespace signet

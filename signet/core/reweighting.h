#pragma once

#include "signet/core/estimator.h"

namespace signet {

/// (hi - lo)/2 |d log P(x)/da|, the factor that makes g_a of g_x in DARN:
/// for every noise (hi - lo)/2 F'(a)/P(x), finite for every logit.
/// Shapes: all that of `logits`. No derivative.
Tensor reweighting(const Tensor& logits, const Tensor& x,
                   const UnitOptions& units);

/// The rule `darn`, for the names that it has: x ~ F(a), backward that factor.
Tensor draw_reweighted(const Tensor& logits, const DrawContext& context);

/// The parameter `from` of rules that look at the derivative at a random
/// point, the share u ~ U[from, 1] of the way from the middle to the state.
Parameter from_parameter();

}  // namespace signet

#pragma once

#include "signet/measure/problem.h"

namespace signet {

/// The exact variance, coordinate by coordinate, of one estimate of the score
/// function without baseline (`reinforce`) of the gradient of the mean loss:
///
///   1/B^2 sum_b (sum_s P_b(s) h_b(s)^2 - (sum_s P_b(s) h_b(s))^2),
///   h_b(s) = dL_b(s) + L_b(s) d log P_b(s)
///
/// over the 2^n states s of all units and the B examples, which are
/// independent. What a measured variance of `reinforce` must agree with.
/// Shapes: [parameters], double. Cost: 2^n evaluations and backward passes.
/// Errors: UsageError if there are more than `units` units.
Tensor score_function_variance(const Problem& problem, int64_t units = 16);

}  // namespace signet

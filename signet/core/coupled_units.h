#pragma once

#include "signet/core/path.h"

namespace signet {

/// Factors from a derivative in p = F(a), as the literature on coupled samples
/// states it for the logistic, to one in the logits a of any noise. Built from
/// scores, so finite for every finite logit; 0 where the rarer state has
/// probability 0.

/// F'/(p(1-p)), the derivative of log p/(1-p).
Tensor log_odds_slope(const PathLayer& layer);
/// F'/min(p, 1-p), the size of the score of the rarer state.
Tensor rare_slope(const PathLayer& layer);

/// The units of a layer drawn by 1 - u instead of u: high where 1 - u < F(a).
Tensor antithetic_units(const PathLayer& layer, const Tensor& u);

/// v_k -> the mean of the others over the first axis, [K, ...].
Tensor mean_of_others(const Tensor& values);

}  // namespace signet

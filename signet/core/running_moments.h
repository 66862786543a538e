#pragma once

#include <string>

#include "signet/core/estimator_state.h"

namespace signet {

/// Mean and standard deviation of a signal over the samples of the past: 0 and
/// 1 before the first one.
struct RunningMoments {
  at::Tensor mean, deviation;
};

/// What the state knows under `name`, of the type and device of `like`.
RunningMoments running_moments(EstimatorState& state, const std::string& name,
                               const at::Tensor& like);

/// Moves them towards the moments of a new `signal` (any shape), by 1/t for
/// the t-th one and by 1/100 in the long run. Does nothing unless learning.
void follow(EstimatorState& state, const std::string& name,
            const at::Tensor& signal);

}  // namespace signet

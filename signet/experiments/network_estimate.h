#pragma once

#include "signet/core/estimator.h"
#include "signet/models/network.h"

namespace signet {

/// What the estimator makes of an objective that runs `network`. A network
/// that draws nothing needs no estimator: its loss has a gradient of its own,
/// in one run.
/// Errors: NotFinite if a loss is, or a logit of units is NaN.
Estimate network_estimate(const Network& network,
                          const BoundEstimator& estimator,
                          const Objective& objective, const Random& random,
                          EstimatorState& state);

}  // namespace signet

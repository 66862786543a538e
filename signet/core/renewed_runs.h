#pragma once

#include "signet/core/estimator.h"

namespace signet {

/// Several runs of one layer rule.
struct RenewedRuns {
  int64_t samples = 1;
  /// Probability that a unit keeps its noise from run to run, so that its
  /// states in two runs are correlated by keep^2. 0: independent runs; 1: the
  /// same run again and again.
  double keep = 1;
  /// The objective sees the units shrunk around their middle by this factor.
  double scale = 1;
};

/// The mean over the runs of the estimates by `rule`: value and surrogate.
/// Cost: `samples` evaluations, one after another.
Estimate renewed_runs(const Objective& objective, const BoundEstimator& rule,
                      const Random& random, const RenewedRuns& runs);

/// The parameters that spell them.
Parameter samples_parameter(int64_t fallback);
Parameter keep_parameter();
Parameter scale_parameter();

}  // namespace signet

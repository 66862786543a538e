#pragma once

#include <functional>

#include "signet/core/random.h"
#include "signet/measure/statistics.h"

namespace signet {

struct ReferenceOptions {
  /// An estimator without bias; empty: the first of `exact-layered` and
  /// `exact` that takes the problem, else rloo(samples=4).
  std::string estimator = "";
  int64_t samples = 200000;  ///< where it is not exact
  Random random{0};          ///< independent of those measured with it
};

/// What estimators of the problem's gradient are compared with. An exact one
/// is computed in double, its error is the rounding of that, rounding.h.
/// `progress` is told how many samples are done.
/// Errors: UsageError if the estimator has a bias or does not take the problem.
Reference reference_gradient(
    const Problem& problem, const ReferenceOptions& options,
    const std::function<void(int64_t done)>& progress = {});

}  // namespace signet

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "signet/core/estimator.h"
#include "signet/experiments/schedule.h"

namespace signet {

/// A numeric parameter of an estimator that follows a schedule.
struct Annealing {
  std::string parameter;
  BoundSchedule schedule;
  int64_t epochs;  ///< of the run

  /// The value in epoch 0, 1, ...
  double at(int64_t epoch) const;
};

/// Reads lines such as "slope = exponential(start=1, factor=1.1, limit=10)",
/// at most one for each parameter.
/// Errors: UsageError, one line: no such form, an unknown schedule, a parameter
/// that `estimator` (a spelling) has not or that is no number, a schedule that
/// moves away from its limit, a value out of the parameter's range in one of
/// the first `epochs` epochs.
std::vector<Annealing> parse_annealings(std::span<const std::string> lines,
                                        std::string_view estimator,
                                        int64_t epochs);

/// The estimator of one epoch: `estimator` with its annealed parameters at
/// their values of then. The epoch alone decides, so a run that goes on from a
/// checkpoint needs no state of it.
BoundEstimator annealed_estimator(std::string_view estimator,
                                  std::span<const Annealing> annealings,
                                  int64_t epoch);

}  // namespace signet

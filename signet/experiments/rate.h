#pragma once

#include "signet/experiments/recipe.h"
#include "signet/experiments/schedule.h"

namespace signet {

/// The learning rate of every step of a run,
///   schedule(t) min(1, (steps + 1) / (warmup steps_an_epoch)),
/// with t the time after `steps` steps and the schedule of the recipe, which
/// starts at its rate.
class Rate {
 public:
  /// Errors: UsageError, one line: a schedule that does not parse or that says
  /// where it starts, a rate below 0 in one of the epochs.
  Rate(const Recipe& recipe, int64_t steps_an_epoch);

  /// Of the step that follows `steps` done.
  double at(int64_t steps) const;

 private:
  BoundSchedule schedule_;
  double steps_an_epoch_, total_, warmup_;  ///< in steps
};

}  // namespace signet

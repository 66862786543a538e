#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "signet/core/estimator.h"
#include "signet/experiments/anneal.h"
#include "signet/experiments/recipe.h"

namespace signet {

/// "after 20000 steps: rloo(samples=10)": the run goes on with another
/// estimator.
struct EstimatorSwitch {
  int64_t after = 0;    ///< steps, or epochs, done until then; at least 1
  bool epochs = false;  ///< what `after` counts
  std::string estimator;
};

/// Reads one line a switch.
/// Errors: UsageError, one line: no such form, an unknown estimator, switches
/// of the same unit out of order.
std::vector<EstimatorSwitch> parse_switches(std::span<const std::string> lines);

/// Which estimator trains which step: that of the recipe, its parameters
/// annealed, and after each switch another as it is spelled. The number of
/// steps done alone decides.
class EstimatorPlan {
 public:
  /// Errors: UsageError as of parse_annealings and parse_switches, or if a
  /// switch comes before the one above it or after the last step.
  EstimatorPlan(const Recipe::Train& train, int64_t steps_an_epoch);

  /// The estimator of the step that follows `steps` done.
  const BoundEstimator& at(int64_t steps);
  /// Whether that step is the first of an estimator switched to, which then
  /// knows nothing of what the one before has learned.
  bool switches_at(int64_t steps) const;

  /// The annealed parameters, and their values at that step; NaN behind the
  /// first switch.
  std::vector<std::string> annealed() const;
  std::vector<double> annealed_values(int64_t steps) const;

 private:
  /// Switches behind us.
  size_t phase(int64_t steps) const;

  Recipe::Train train_;
  int64_t steps_an_epoch_;
  std::vector<Annealing> annealings_;
  std::vector<EstimatorSwitch> switches_;
  std::vector<int64_t> first_steps_;  ///< steps done when each switch comes
  /// What at() returned last, and for which phase and epoch.
  std::optional<BoundEstimator> current_;
  std::pair<size_t, int64_t> current_time_;
};

}  // namespace signet

#pragma once

#include "signet/measure/reference.h"
#include "signet/measure/statistics.h"

namespace signet {

struct MeasurementOptions {
  int64_t samples = 20000;  ///< of each estimator
  /// Estimates that an estimator that learns sees beforehand; it learns
  /// nothing while it is measured.
  int64_t learn = 1000;
  Random random{1};
  Confidence confidence = {};
  /// The n of the means of n samples; empty: 1, 2, 5, 10, ...
  std::vector<int64_t> averages = {};
};

/// One estimator at one point.
struct EstimatorMeasurement {
  std::string label;      ///< as the user spelled it
  std::string estimator;  ///< with every parameter
  int64_t samples = 0;
  int64_t learned = 0;     ///< estimates that it learned from beforehand
  int64_t replicates = 0;  ///< estimates in one run
  bool deterministic = false;
  double evaluations = 0;  ///< of the loss for one estimate, counted
  double seconds = 0;      ///< for one estimate: the median over runs
  /// All parameters, then each group.
  std::vector<GroupStatistics> groups = {};
};

struct Measurement {
  std::string problem;
  int64_t parameters = 0, examples = 0;
  Reference reference = {};
  MeasurementOptions options = {};
  std::vector<EstimatorMeasurement> estimators = {};
};

/// `done` of `total` samples, of all estimators together.
using MeasurementProgress = std::function<void(int64_t done, int64_t total)>;

/// How biased and how noisy each estimator is, beside its rounding, which is
/// measured, and the problem's rare states. They take turns, so that a
/// change of the machine's speed touches all alike, and see the same random
/// numbers.
/// Errors: UsageError for an estimator of another quantity (a bound).
Measurement measure(const Problem& problem, const Reference& reference,
                    const std::vector<std::string>& estimators,
                    const MeasurementOptions& options,
                    const MeasurementProgress& progress = {});

}  // namespace signet

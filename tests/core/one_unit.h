#pragma once

#include <cstdint>

#include "signet/core/estimator.h"

namespace signet {

/// A single unit at logit `a` under a loss of its value.
struct OneUnit {
  double a = 0;
  UnitOptions units;
  Noise::Function loss;

  /// F'(a) (L(hi) - L(lo)), the exact gradient in the logit.
  double gradient() const;
};

/// Estimates of that gradient, and the uniform number that drew the unit of
/// each. [n]
struct UnitGradients {
  Tensor gradient;
  Tensor u;
};
UnitGradients one_unit_gradients(const BoundEstimator& estimator,
                                 const OneUnit& unit, int64_t n,
                                 uint64_t seed = 104);

/// The share of (0, 1) around each of the numbers along the last axis:
/// sum(weights * h) is the integral of h by the trapezoid rule, far more
/// accurate than the mean of h. Shapes: both [..., n].
Tensor quadrature_weights(const Tensor& u);

/// Mean and variance of an estimate, by that quadrature over the number that
/// draws the unit.
struct Moments {
  double mean = 0;
  double variance = 0;
};
Moments one_unit_moments(const BoundEstimator& estimator, const OneUnit& unit);

/// The two values of an estimate that depends on the state of the unit alone,
/// and its moments.
struct TwoPoint {
  double low = 0, high = 0, p = 0;
  double mean() const { return p * high + (1 - p) * low; }
  double variance() const { return p * (1 - p) * (high - low) * (high - low); }
};
TwoPoint two_point(const BoundEstimator& estimator, const OneUnit& unit);

}  // namespace signet

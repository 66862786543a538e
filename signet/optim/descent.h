#pragma once

#include "signet/optim/weight_rule.h"

namespace signet {

/// Where a gradient points a step: the memory that rules share.
struct Direction {
  enum class Kind { sgd, momentum, adam };
  Kind kind = Kind::adam;
  double beta1 = 0.9;     ///< of the mean: momentum and adam
  double beta2 = 0.999;   ///< of the mean square: adam
  double epsilon = 1e-8;  ///< added to the root: adam
};

/// The parameters `direction`, `beta1`, `beta2`, `epsilon`, for records, and
/// their reading.
std::vector<Parameter> direction_parameters();
Direction read_direction(const Arguments& arguments);

/// p <- clip(p - rate d(scale g)), clip to [-bound, bound]; bound 0: none.
///   sgd:       d(g) = g
///   momentum:  m <- beta1 m + g,  d = m
///   adam:      m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,
///              d = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
/// State: "m", "v" as needed. Cost: one pass over memory on a CPU in float32,
/// ATen operations elsewhere; a test compares the two.
/// Source: Kingma, Ba 2015, arXiv:1412.6980.
void descend(const StepContext& context, const Direction& direction,
             double scale, double bound);

/// The same by ATen operations: the definition.
void descend_reference(const StepContext& context, const Direction& direction,
                       double scale, double bound);

}  // namespace signet

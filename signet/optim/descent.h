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

/// What a step does with the direction d of the scaled gradient:
///   p <- clip(keep p - rate d(scale g) + shift, -bound, bound)
struct Move {
  double rate;
  double scale = 1;
  double keep = 1;   ///< 1 - decay
  double shift = 0;  ///< where decay leads
  double bound = 0;  ///< 0: none
};

/// Takes the step and returns how many elements of p changed their sign.
///   sgd:       d(g) = g
///   momentum:  m <- beta1 m + g,  d = m
///   adam:      m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,
///              d = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
/// State: "m", "v" as needed. Cost: adam one pass over memory on a CPU in
/// float32, ATen operations elsewhere; a test compares the two.
/// Source: Kingma, Ba 2015, arXiv:1412.6980.
int64_t descend(const StepContext& context, const Direction& direction,
                const Move& move);

/// The same by ATen operations: the definition.
int64_t descend_reference(const StepContext& context,
                          const Direction& direction, const Move& move);

/// The rule's memory of that name, zeros at first.
Tensor& memory(const StepContext& context, const char* name);

}  // namespace signet

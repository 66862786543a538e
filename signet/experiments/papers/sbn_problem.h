#pragma once

#include "signet/core/random.h"
#include "signet/measure/problem.h"

namespace signet {

/// A stochastic binary network and points that it is to tell apart.
struct SbnOptions {
  std::vector<int64_t> layers{5, 5, 5};  ///< units of each hidden layer
  int64_t inputs = 4;
  int64_t examples = 64;
  UnitOptions units = {};
  Random random{1};  ///< of points and weights
};

/// A fully connected network of these layers with one output, logistic loss.
/// Points are uniform, of variance 1, the class is +1 above a sine. Weights
/// are uniform of variance 1 / inputs of their layer, so that every
/// pre-activation has about the deviation of the noise's unit slope; biases
/// start at 0. One group a layer, the output's last.
Problem sbn_problem(const SbnOptions& options);

}  // namespace signet

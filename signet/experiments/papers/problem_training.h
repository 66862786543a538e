#pragma once

#include <functional>
#include <string>
#include <vector>

#include "signet/core/random.h"
#include "signet/measure/problem.h"

namespace signet {

struct ProblemTraining {
  std::string estimator = "exact-layered";
  double rate = 0.03, momentum = 0.9;
  int64_t batch = 10;
  Random random{1};
};

/// The problem with the parameters that it has after so many epochs of
/// stochastic gradient descent, v <- momentum v + g, p <- p - rate v, one for
/// each of `epochs`, which ascend. An epoch takes every example once, in an
/// order of its own. `progress` is told how many epochs are done.
/// Errors: UsageError for a problem without examples.
std::vector<Problem> train_in_stages(
    const Problem& problem, const std::vector<int64_t>& epochs,
    const ProblemTraining& training,
    const std::function<void(int64_t epoch)>& progress = {});

}  // namespace signet

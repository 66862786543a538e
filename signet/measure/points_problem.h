#pragma once

#include <vector>

#include "signet/measure/problem.h"

namespace signet {

/// Points of two classes.
struct Points {
  Tensor inputs;  ///< [B, d]
  Tensor labels;  ///< [B], -1 or +1
};

/// The problem of telling them apart by a fully connected network with
/// stochastic hidden units and one output, logistic loss. Each group is a
/// layer, a weight [outputs, inputs] and a bias [outputs]; the last one's
/// output is the network's. Its name is empty.
Problem points_problem(const Points& points,
                       const std::vector<Problem::Group>& layers,
                       const UnitOptions& units);

}  // namespace signet

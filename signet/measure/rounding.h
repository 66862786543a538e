#pragma once

#include <vector>

#include "signet/core/estimator.h"
#include "signet/measure/problem.h"

namespace signet {

/// The problem in float.
Problem in_float(Problem problem);

/// The rounding of one estimate, of each range of parameter_ranges(): three
/// times (sums in another order round otherwise) the median of |x - y| over 64
/// draws, x in the problem's own type and y in double with the same random
/// numbers. A median, because now and then a number lies so near to a
/// probability that the two draw another state. In a problem in double, x is in
/// float, and 2^-27 of the difference is returned, four times the ratio of
/// their units in the last place. It bounds what rounding does to the mean of
/// many estimates. Cost: 64 estimates in either type, one if the estimator is
/// deterministic.
std::vector<double> rounding_of_estimate(const BoundEstimator& estimator,
                                         const Problem& problem,
                                         int64_t replicates,
                                         const Random& random,
                                         const EstimatorState& state);

}  // namespace signet

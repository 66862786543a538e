#pragma once

#include <vector>

#include "signet/core/estimator.h"
#include "signet/measure/problem.h"

namespace signet {

/// Independent estimates of the gradient of a problem's mean loss.
struct GradientSamples {
  Tensor gradients;        ///< [R, all parameters in turn], their type
  double evaluations = 0;  ///< of the loss, counted, for each of them
  Tensor losses;           ///< [R], the mean loss that came with each, double
};

/// The parameters of all groups as leaves [R, ...], equal copies.
std::vector<Tensor> replicated_parameters(const Problem& problem,
                                          int64_t replicates);

/// What a backward pass left in such leaves, [R, all parameters in turn].
Tensor gradient_rows(const std::vector<Tensor>& leaves);

/// R estimates from one run of the estimator on R replicates of the problem.
/// Cost: R estimates, with the overhead of one.
GradientSamples sample_gradients(const BoundEstimator& estimator,
                                 const Problem& problem, int64_t replicates,
                                 const Random& random, EstimatorState& state);

/// The same with nothing learned.
GradientSamples sample_gradients(const BoundEstimator& estimator,
                                 const Problem& problem, int64_t replicates,
                                 const Random& random);

/// How many replicates one run should have: as many as a processor's cache
/// holds. A function of the problem alone, so that a seed decides the samples.
int64_t replicates_of_a_run(const Problem& problem);

}  // namespace signet

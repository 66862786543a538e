#pragma once

#include <functional>
#include <string>
#include <vector>

#include "signet/core/estimator.h"

namespace signet {

/// A small network with a loss, all of whose parameters can be given an axis
/// of replicates in front: one backward pass then makes so many independent
/// estimates of the gradient.
struct Problem {
  std::string name;
  std::vector<Tensor> parameters;  ///< double, without the axis of replicates
  UnitOptions units;
  /// Parameters [R, ...] -> loss [R], or [K, R] if the sampler draws K.
  std::function<Tensor(const std::vector<Tensor>&, Sampler&,
                       const UnitOptions&)>
      loss;
};

/// One layer of 4 units under exp(w x) + (v x)^2, which is not multilinear.
Problem one_layer(const UnitOptions& units);
/// The same layer under a loss that is linear in every unit.
Problem multilinear(const UnitOptions& units);
/// Two stochastic layers, 3 and 2 units, with weights and biases between.
Problem chain(const UnitOptions& units);

/// Estimates of the gradient in all parameters. [R, number of them]
Tensor gradients(const BoundEstimator& estimator, const Problem& problem,
                 int64_t replicates, uint64_t seed, EstimatorState& state);
Tensor gradients(const BoundEstimator& estimator, const Problem& problem,
                 int64_t replicates, uint64_t seed);

/// The exact gradient of what the estimator estimates. [number of parameters]
Tensor exact_gradient(const BoundEstimator& estimator, const Problem& problem);

/// What the estimator has learned from 40 batches of 100 examples.
EstimatorState learned_state(const BoundEstimator& estimator,
                             const Problem& problem);

/// How far the mean of estimates is from the exact gradient.
struct Deviation {
  double z = 0;        ///< greatest |mean - exact| / standard error
  double largest = 0;  ///< greatest |mean - exact|
};
Deviation deviation(const BoundEstimator& estimator, const Problem& problem,
                    uint64_t seed, EstimatorState state = {});

}  // namespace signet

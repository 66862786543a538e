#pragma once

#include <functional>

#include "signet/core/sampler.h"

namespace signet {

/// Runs a network and returns the loss of each example.
/// Shapes: [B]; [K, B] when the sampler has drawn K samples.
/// It may be called several times, with different samplers, and must ask for
/// the same layers of units in the same order each time.
using Objective = std::function<Tensor(Sampler&)>;

/// What an estimator makes of an objective.
struct Estimate {
  /// The loss of each example, [B], detached: for reading.
  Tensor loss;
  /// [B]; `surrogate.mean().backward()` leaves an estimate of the gradient of
  /// the mean expected loss in every parameter. Its value means nothing.
  Tensor surrogate;
};

}  // namespace signet

#pragma once

#include <functional>

#include "signet/core/sampler.h"

namespace signet {

/// Runs a network and returns the loss of each example. Its contract, which
/// every estimator checks (checked_objective.h):
/// * It draws all its units from the sampler that it is given, and may be run
///   several times with different ones: the same layers in the same order.
/// * A layer's logits are [B, n...]: the axes of the examples first, those of
///   its units after them. They are finite.
/// * The loss is finite and has a value for each example, [B]. For estimators
///   that differentiate it, it has a derivative in the units.
/// * A sampler may put an axis of K samples in front, [K, B, n...]. What
///   follows takes it, so dimensions are counted from the end, and the loss is
///   [K, B].
/// * Logits and units are not changed in place.
/// [B] may be several axes. Layer rules, and what wraps them, also take an axis
/// of 1 there, of what is drawn once for all examples.
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

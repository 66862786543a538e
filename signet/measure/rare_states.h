#pragma once

#include <vector>

#include "signet/measure/problem.h"

namespace signet {

/// States of single units that N samples draw seldom or never: what their
/// absence can hide.
struct RareStates {
  /// How often N samples are expected to draw one, all units and examples
  /// together.
  double expected = 0;
  /// How far one of them throws an estimate: of each range of
  /// parameter_ranges(), the largest |h' - h| / B over the rare states that
  /// were looked at; empty if there are none.
  std::vector<double> jump = {};
};

/// On eight drawn paths of the network, the units whose other state has a
/// probability below 25 / N. h is the score function of the path, with the
/// path's loss as its baseline or without; h' the same where that one unit has
/// its other state and the layers above it are drawn anew, four times.
///
/// This is of the problem, not of an estimator: what those without bias have in
/// common is that a state of probability p moves the mean by p times what it
/// changes, so N samples without it are off by as much.
/// Cost: eight forward passes; where there are rare states, about 600 passes of
/// single examples, in double.
RareStates rare_states(const Problem& problem, int64_t samples);

}  // namespace signet

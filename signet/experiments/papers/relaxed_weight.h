#pragma once

#include "signet/core/random.h"
#include "signet/report/page.h"

namespace signet {

/// Proposition 6: weights and J by the rule of the library, and Gumbel-Softmax
/// of a unit with the same noise.
struct Relaxation {
  report::LineChart chart;
  /// The greatest |w - x| and |J / J of x - 1| of both.
  double difference = 0;
  double share = 0;  ///< greatest |P(w > 0) - sigma(2 lambda)|
};

Relaxation relaxation(const Random& random);

}  // namespace signet

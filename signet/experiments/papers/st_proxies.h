#pragma once

#include <string>
#include <vector>

#include "signet/core/noise.h"
#include "signet/core/random.h"
#include "signet/measure/problem.h"
#include "signet/measure/reference.h"

namespace signet {

/// What stands in for the derivative of the step.
struct Proxy {
  std::string name;
  const Noise* noise;  ///< its derivative is 2F'; null: the identity's, 1
};

/// tanh, the proxy of logistic units, first; the identity last.
const std::vector<Proxy>& proxies();

/// How accurate one rule is, by layer of units.
struct Accuracy {
  /// |bias|^2, its noise removed: below 0 by chance where there is little.
  std::vector<double> bias_square;
  std::vector<double> gradient_square;
  std::vector<double> cosine;       ///< of one sample, mean
  std::vector<double> mean_cosine;  ///< of the expected estimate
};

/// Straight-through with that proxy on a fully connected network of logistic
/// units {-1, +1}, one group a layer, the output's last. Units are drawn so
/// many times, or once at their mode.
Accuracy measure_proxy(const Problem& problem, const Reference& reference,
                       const Proxy& proxy, bool deterministic, int64_t samples,
                       const Random& random);

}  // namespace signet

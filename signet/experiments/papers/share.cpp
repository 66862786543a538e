#include "signet/experiments/papers/share.h"

#include <cmath>

#include "signet/base/error.h"

namespace signet {
namespace {

/// P(X >= k) of n trials with that probability of success, in (0, 1).
double at_least(int64_t k, int64_t n, double p) {
  const auto count = static_cast<double>(n);
  double sum = 0;
  for (int64_t i = k; i <= n; ++i) {
    const auto hits = static_cast<double>(i);
    sum += std::exp(std::lgamma(count + 1) - std::lgamma(hits + 1) -
                    std::lgamma(count - hits + 1) + hits * std::log(p) +
                    (count - hits) * std::log1p(-p));
  }
  return sum;
}

/// The p under which that is the given probability.
double probability_for(int64_t k, int64_t n, double probability) {
  double low = 0, high = 1;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (at_least(k, n, middle) < probability ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

Statistic share_of(int64_t successes, int64_t trials, double confidence) {
  check(trials > 0 && successes >= 0 && successes <= trials, "share_of",
        "successes must be among the trials");
  const double tail = (1 - confidence) / 2;
  return {.value = static_cast<double>(successes) / static_cast<double>(trials),
          .low = successes == 0 ? 0 : probability_for(successes, trials, tail),
          .high = successes == trials
                      ? 1
                      : probability_for(successes + 1, trials, 1 - tail),
          .confidence = confidence,
          .n = trials};
}

}  // namespace signet

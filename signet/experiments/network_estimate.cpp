#include "signet/experiments/network_estimate.h"

#include "signet/core/finite.h"
#include "signet/core/torch.h"

namespace signet {

Estimate network_estimate(const Network& network,
                          const BoundEstimator& estimator,
                          const Objective& objective, const Random& random,
                          EstimatorState& state) {
  if (draws(network.spec())) return estimator(objective, random, state);
  // Asked for nothing. A mode would take other batch statistics.
  RuleSampler sampler(estimator, random);
  const auto loss = objective(sampler);
  check_finite(loss, "network", "loss");
  return {loss.detach(), loss};
}

}  // namespace signet

// Score function (REINFORCE, likelihood ratio).
//
//   x ~ F(a),  g = (L(x) - baseline) d log P(x),  summed over all layers
//
// Williams 1992.

#include "signet/core/checks.h"
#include "signet/core/estimator.h"
#include "signet/core/samplers.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Estimate estimate(const Objective& objective, const RuleContext& context) {
  RecordingSampler sampler(context.random);
  const auto loss = objective(sampler);
  check_floating(loss, "reinforce", "loss");
  const auto advantage = loss.detach() - context.arguments.number("baseline");
  return {loss.detach(), loss + advantage * sampler.log_prob(loss)};
}

const Registered<Estimator> entry{{
    .name = "reinforce",
    .summary = "score function, one evaluation, unbiased, black-box objective",
    .help = R"(
`g = (L(x) - baseline) d log P(x)` for one joint sample `x` of all layers. Never
looks at the derivative of the loss, so the loss may be anything. Unbiased for
every constant baseline; the variance grows with the number of units and with
the distance of the baseline from the expected loss. Cost: one forward.
)",
    .paper = "Williams 1992, Machine Learning 8, 229-256",
    .traits = {.unbiased = true, .differentiates_objective = false},
    .parameters = {{.name = "baseline",
                    .fallback = 0.0,
                    .help = "constant subtracted from the loss"}},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

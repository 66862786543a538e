// Score function (REINFORCE, likelihood ratio).
//
//   x ~ F(a),  g = (L(x) - baseline) d log P(x),  summed over all layers
//
// Williams 1992.

#include "signet/core/estimator.h"
#include "signet/core/path.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Estimate estimate(const Objective& objective, const RuleContext& context) {
  const auto path = run_path(objective, context.random);
  const auto loss = path.loss.detach();
  const auto advantage = loss - context.arguments.number("baseline");
  std::vector<Tensor> gradients;
  for (const auto& layer : path.layers)
    gradients.push_back(as_units(advantage, layer.x) * layer.score());
  return {loss, with_logit_gradients(path.loss, path, gradients)};
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

// AR: augment-REINFORCE, the score function in the uniform numbers.
//
//   b = 1[u < p],  g_a = F'/(p(1-p)) L(b) (1 - 2u)
//
// as E[1[u < p] (1 - 2u)] = p(1-p). Logistic in phi = 2a: L(b)(1 - 2u).
// Yin, Zhou 2019.

#include "signet/core/coupled_units.h"
#include "signet/core/estimator.h"
#include "signet/core/papers.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Estimate estimate(const Objective& objective, const RuleContext& context) {
  const auto path = run_path(objective, context.random);
  const auto loss = path.loss.detach();
  std::vector<Tensor> gradients;
  for (size_t l = 0; l < path.layers.size(); ++l) {
    const auto& layer = path.layers[l];
    const auto u = path_noise(path, l, context.random);
    gradients.push_back(as_units(loss, layer.x) * log_odds_slope(layer) *
                        (1 - 2 * u));
  }
  return {loss, with_logit_gradients(path.loss, path, gradients)};
}

const Registered<Estimator> entry{{
    .name = "ar",
    .summary = "augment-REINFORCE, one evaluation, unbiased, black-box "
               "objective",
    .help = R"(
`g = F'/(p(1-p)) L(x) (1 - 2u)` for the uniform numbers `u` that drew the units
`x`: the score function of the augmented noise. The first half of `arm`, which
averages it over `u` and `1 - u`; here for comparison, as its variance does not
fall where units become certain. Cost: one forward.
)",
    .papers = {kYinZhou2019},
    .traits = {.unbiased = true, .differentiates_objective = false},
    .parameters = {},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

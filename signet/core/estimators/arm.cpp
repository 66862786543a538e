// ARM: augment-REINFORCE-merge, the mean of AR over u and 1 - u.
//
//   b = 1[u < p],  b' = 1[1 - u < p]
//   g_a = F'/(p(1-p)) (L(b) - L(b')) (1/2 - u)
//
// Layer by layer in a chain: the layers below kept, the tail of b' drawn anew.
// Yin, Zhou 2019.

#include "signet/core/coupled_units.h"
#include "signet/core/estimator.h"
#include "signet/core/papers.h"
#include "signet/core/tail.h"
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
    const auto other =
        tail_loss(objective, context, path, l, antithetic_units(layer, u));
    gradients.push_back(as_units(loss - other, layer.x) *
                        log_odds_slope(layer) * (0.5 - u));
  }
  return {loss, with_logit_gradients(path.loss, path, gradients)};
}

const Registered<Estimator> entry{{
    .name = "arm",
    .summary = "augment-REINFORCE-merge: an antithetic pair, unbiased, "
               "black-box objective",
    .help = R"(
`g = F'/(p(1-p)) (L(b) - L(b')) (1/2 - u)`, where `u` draws `b` and `1 - u` draws
`b'`. `disarm` is its mean given the pair, so it never has a greater variance
and costs the same; take that one. In a chain of layers each layer gets its pair
given the layers below, and the tail is drawn anew.
Cost: one forward, and one for each layer of units.
)",
    .papers = {kYinZhou2019},
    .traits = {.unbiased = true,
               .evaluations = {.per_layer = 1},
               .differentiates_objective = false},
    .parameters = {tail_parameter()},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

// Local expectation gradients (LEG): both states of each unit in turn.
//
//   g_a_i = F'(a_i) (L(x_i = hi) - L(x_i = lo)),   the other units as drawn
//
// The state that x has is the main path; the other is a flip, with the tail
// drawn anew. Titsias, Lazaro-Gredilla 2015.

#include "signet/core/estimator.h"
#include "signet/core/flips.h"
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
    const auto difference =
        over_flips(layer, loss, [&](const Tensor& x, int64_t first) {
          return tail_loss(objective, context, path, l, x,
                           static_cast<uint64_t>(first)) -
                 loss;
        });
    gradients.push_back(difference * flip_slope(layer));
  }
  return {loss, with_logit_gradients(path.loss, path, gradients)};
}

const Registered<Estimator> entry{{
    .name = "local-expectation",
    .summary = "both states of every unit in turn, unbiased, black-box "
               "objective",
    .help = R"(
`g_i = F'(a_i) (L(x_i = hi) - L(x_i = lo))` with the other units as drawn: unit i
is summed over, not sampled. The smallest variance of what is here, at one
evaluation a unit; for small layers, or to judge others. The flips ride on a
leading axis in blocks of bounded memory. In a chain of layers the tail of each
flip is drawn anew. Cost: one forward, and one for each unit.
)",
    .papers =
        {{.key = "titsias2015local",
          .authors = "Michalis K. Titsias and Miguel Lazaro-Gredilla",
          .title =
              "Local Expectation Gradients for Black Box Variational Inference",
          .year = 2015,
          .venue = "Advances in Neural Information Processing Systems",
          .arxiv = "1503.01494"}},
    .traits = {.unbiased = true,
               .evaluations = {.per_unit = 1},
               .differentiates_objective = false},
    .parameters = {tail_parameter()},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

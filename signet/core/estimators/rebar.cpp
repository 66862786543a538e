// REBAR: the score function with the relaxed loss as control variate.
//
//   r = low + width sigma(2 (a - z)/temperature),  c = scale L(r) + offset
//   g = (L(x) - c) d log P(x)/da + dz/da dc/dr dr/da
//
// z is the noise that drew x, dz/da its derivative with x held. The form with
// tied noise of Tucker et al. 2017, written out in relaxed_control.h.

#include "signet/core/relaxed_control.h"

namespace signet {
namespace {

Estimate estimate(const Objective& objective, const RuleContext& context) {
  return relaxed_control_estimate(objective, context, false);
}

const Registered<Estimator> entry{{
    .name = "rebar",
    .summary = "score function with the loss of relaxed units as control "
               "variate, unbiased",
    .help = R"(
`g = (L(x) - c) d log P(x) + dz/da dc/da`, where `c = scale L(r) + offset` and
`r = s(2(a - z)/temperature)` is the unit relaxed with the noise `z` that drew
it. Unbiased for every temperature and scale, which each layer learns to lower
the variance; the offset is the mean of what the relaxed loss leaves. With
`scale=0, rate=0` it is `reinforce`. A layer is relaxed together with all
layers above it. The loss must be differentiable, also between the states of
the units: a step inside the network would make the estimate biased. Learning
the temperature takes second derivatives of the loss. Cost: 1 + L forwards and
L backwards.
)",
    .papers = {{.key = "tucker2017rebar",
                .authors =
                    "George Tucker and Andriy Mnih and Chris J. Maddison and "
                    "Dieterich Lawson and Jascha Sohl-Dickstein",
                .title = "REBAR: Low-Variance, Unbiased Gradient Estimates for "
                         "Discrete Latent Variable Models",
                .year = 2017,
                .venue = "Advances in Neural Information Processing Systems",
                .arxiv = "1703.07370"}},
    .traits = {.unbiased = true,
               .evaluations = {.per_layer = 1},
               .relaxed = true,
               .learns = true},
    .parameters = relaxed_control_parameters(),
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

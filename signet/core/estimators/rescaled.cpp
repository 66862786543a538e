// Representation rescaling.
//
//   x' = mid + (x - mid)/c,  g = the wrapped rule's estimate of dE L(x')
//
// For one sign the relative bias of `st` on h_c(x) = L(x/c) tends to
// (2p - 1) L''(0) / (c L'(0)), that is to 0; but its target is dE h_c and not
// dE L. Pervez et al. 2020 (FouST); Shekhovtsov 2021, Proposition 10.

#include "signet/core/papers.h"
#include "signet/core/renewed_runs.h"

namespace signet {
namespace {

Estimate estimate(const Objective& objective, const RuleContext& context) {
  return renewed_runs(objective, *context.inner, context.random,
                      {.scale = context.arguments.number("scale")});
}

const Registered<Estimator> entry{{
    .name = "rescaled",
    .summary = "another rule on units shrunk around their middle "
               "(representation rescaling)",
    .help = R"(
The network sees `x' = mid + (x - mid)/c` in place of each unit: signs become -1/c and
1/c. A smooth loss looks more linear to them, so the wrapped rule has less bias,
relative to the gradient of the rescaled network. That network is another one,
whose units say less: measured against the gradient of the original the estimate
is biased even for a linear loss, by the factor 1/c. Cost: that of the rule.
)",
    .papers = {kPervez2020, kShekhovtsov2021},
    .traits = {.order = 0, .relaxed = true},
    .parameters = {wrapped_parameter("st"), scale_parameter()},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

// The mean of K independent estimates.
//
//   g = (1/K) sum_k g_k

#include "signet/core/renewed_runs.h"

namespace signet {
namespace {

Estimate estimate(const Objective& objective, const RuleContext& context) {
  return renewed_runs(
      objective, *context.inner, context.random,
      {.samples = context.arguments.integer("samples"), .keep = 0});
}

const Registered<Estimator> entry{{
    .name = "averaged",
    .summary = "the mean of K independent estimates of another rule",
    .help = R"(
`g = 1/K sum_k g_k`: runs the network K times with independent noise and averages
losses and gradients, so it has the bias of the wrapped rule, and 1/K of its variance. What every rule
that takes K evaluations has to be compared with. Cost: K forwards and backwards.
)",

    .traits = {.order = 1, .evaluations = {.fixed = 0, .per_sample = 1}},
    .parameters = {wrapped_parameter("st"), samples_parameter(4)},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

// The Fourier noise operator on an estimator.
//
//   N_rho(x): every unit keeps its noise with probability rho, else fresh noise
//   g = (1/S) sum_s g(x_s),  all x_s ~ N_rho(x) of the same x
//
// Mean: that of g. Variance: V/S (1 + (S - 1) rho^2), where V is that of g, so
// never less than the V/S of S independent runs (`averaged`). Pervez et al.
// 2020 (FouST); Shekhovtsov 2021, Proposition 9.

#include "signet/core/papers.h"
#include "signet/core/renewed_runs.h"

namespace signet {
namespace {

Estimate estimate(const Objective& objective, const RuleContext& context) {
  return renewed_runs(objective, *context.inner, context.random,
                      {.samples = context.arguments.integer("samples"),
                       .keep = context.arguments.number("keep")});
}

const Registered<Estimator> entry{{
    .name = "fourier",
    .summary = "another rule averaged over samples that share part of their "
               "noise (Fourier noise operator)",
    .help = R"(
`g = 1/S sum_s g(x_s)`: runs the network S times; in each run every unit keeps the noise of a common
sample with probability rho (`keep`), else draws its own. The bias is that of the
wrapped rule. The variance is `V/S (1 + (S - 1) rho^2)` for one unit: more than
that of independent runs (`averaged`, which is `keep=0`), for the same cost.
Here to be measured. Cost: S forwards and backwards.
)",
    .papers = {kPervez2020, kShekhovtsov2021},
    .traits = {.order = 1, .evaluations = {.fixed = 0, .per_sample = 1}},
    .parameters = {wrapped_parameter("st"), samples_parameter(4),
                   keep_parameter()},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

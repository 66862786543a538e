// FouST: low bias, low variance by Fourier analysis.
//
//   g = (1/S) sum_s g(x_s),  x_s ~ N_rho(x)                as `fourier`
//   g(x): `relaxed-darn` with u ~ U[from, 1]
//   on units shrunk around their middle by 1/c             as `rescaled`
//
// Pervez et al. 2020; taken apart by Shekhovtsov 2021. The authors' code is not
// public; the three parts are composed as both texts describe them.

#include "signet/core/papers.h"
#include "signet/core/renewed_runs.h"
#include "signet/core/reweighting.h"

namespace signet {
namespace {

Estimate estimate(const Objective& objective, const RuleContext& context) {
  const auto& arguments = context.arguments;
  const BoundEstimator rule(
      "relaxed-darn(from=" + number_text(arguments.number("from")) + ")");
  return renewed_runs(objective, rule, context.random,
                      {.samples = arguments.integer("samples"),
                       .keep = arguments.number("keep"),
                       .scale = arguments.number("scale")});
}

const Registered<Estimator> entry{{
    .name = "foust",
    .summary = "relaxed-darn on rescaled units, averaged over samples that "
               "share noise",
    .help = R"(
`g = 1/S sum_s g(x_s)`, `g(x) = (hi - lo)/(2c) |d log P(x)| dL/dy` at `y = mid +
u (x - mid)/c`, `u ~ U[from, 1]`: importance reweighting at randomly relaxed units (`relaxed-darn`), on units shrunk
by 1/c (`rescaled`), averaged over S samples that keep their noise with
probability rho (`fourier`). Each part can be had alone under its own name, and
switched off here by `from=1`, `scale=1` and `samples=1`. The rescaling makes the
target another network, so against the original it is biased even for a linear
loss. Cost: S forwards and backwards.
)",
    .papers = {kPervez2020, kShekhovtsov2021},
    .traits = {.order = 0,
               .evaluations = {.fixed = 0, .per_sample = 1},
               .relaxed = true},
    .parameters = {samples_parameter(4), keep_parameter(), from_parameter(),
                   scale_parameter()},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

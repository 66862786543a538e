// Mirror descent over the probabilities of binary weights.
//
//   theta = P(w = +1),  g = dL/dtheta = 2 dL/dw
//   theta' = argmin <g, theta> + KL(theta | theta_t) / rate
//
// With eta = logit(theta) the minimum is eta' = eta - rate g: the latent
// weight takes an additive step, no clipping. Shekhovtsov, Yanush 2021.

#include "signet/core/papers.h"
#include "signet/optim/descent.h"

namespace signet {
namespace {

int64_t step(const StepContext& context) {
  return descend(context, read_direction(context.arguments),
                 {.rate = context.rate, .scale = 2});
}

const Registered<WeightRule> entry{{
    .name = "mirror-descent",
    .summary = "mirror descent over P(w = +1): an additive step of its logit",
    .help = R"(
`theta = P(w = +1)`, `eta = logit(theta)`, `w = sign(eta)`. The step
`argmin <g, theta> + KL(theta | theta_t)/rate` with `g = 2 dL/dw` is
`eta <- eta - rate g`: identity straight-through on latent weights, explained.
No clipping: certainty is a large `|eta|`. Adam's direction does not depend on
the scale of g, so there `binaryconnect(clip=0)` takes the same steps.
)",
    .papers = {kShekhovtsovYanush2021},
    .parameters = direction_parameters(),
    .step = step,
}};

}  // namespace
}  // namespace signet

// Pass-through: straight-through whose proxy is a straight line.
//
//   x ~ F(a)                     forward
//   g_a = slope (hi - lo) g_x    backward
//
// slope = F'(0) = 1/2 agrees with `st` at a = 0. For bits, slope = 1 is the
// pass-through rule of R2RT, where g_a = g_x. Bengio et al. 2013.

#include "signet/core/empirical_proxy.h"
#include "signet/core/papers.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  const double slope = context.arguments.number("slope");
  return draw_with_proxy(logits, context,
                         torch::full_like(logits.detach(), 2 * slope));
}

const Registered<Estimator> entry{{
    .name = "st-identity",
    .summary = "pass-through: the gradient of a sampled unit is that of a "
               "straight line",
    .help = R"(
Forward: `x ~ F(a)`. Backward: `g_a = slope (hi - lo) g_x`, whatever `a` is.
No noise has this proxy: units that are certain go on receiving gradient, so
the bias does not vanish even for a linear loss. Baseline for comparisons.
Cost: one forward, one backward.
)",
    .papers = {kBengio2013, kR2rt2016},
    .traits = {.order = 0},
    .parameters = {{.name = "slope",
                    .fallback = 0.5,
                    .help = "slope of F; 0.5 is every family's F'(0)",
                    .min = 0},
                   deterministic_parameter()},
    .rule = LayerRule{draw},
}};

}  // namespace
}  // namespace signet

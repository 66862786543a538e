// Straight-through with the hard sigmoid of HM-RNN.
//
//   x ~ F(a)                                         forward
//   g_a = (hi - lo) h'(a) g_x                        backward
//   h(a) = clip((m a + 1)/2, 0, 1),  h'(a) = m/2 where |m a| <= 1, else 0
//
// Chung, Ahn, Bengio 2017: the step h(a) > 1/2 forward, m raised.

#include "signet/core/empirical_proxy.h"
#include "signet/core/papers.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  const double slope = context.arguments.number("slope");
  const auto a = logits.detach();
  const auto inside = (a.abs() * slope <= 1).to(a.scalar_type());
  return draw_with_proxy(logits, context, inside * slope);
}

const Registered<Estimator> entry{{
    .name = "st-hard-sigmoid",
    .summary = "straight-through with the hard sigmoid of HM-RNN, whose slope "
               "is annealed",
    .help = R"(
Forward: `x ~ F(a)` with the network's own noise. Backward: `g_a = m/2 g_x` where
`|m a| <= 1`, else 0, the derivative of `clip((m a + 1)/2, 0, 1)`, for bits; twice
it for signs. HM-RNN itself has the
step forward: `deterministic=true`, which is `st-deterministic(noise=uniform,
slope=m)`, and raises m from 1. In a network of uniform noise the default is
`st`; with another noise the proxy is not the one that the noise derives.
Cost: one forward, one backward.
)",
    .papers = {kChung2017},
    .traits = {.order = 0},
    .parameters = {{.name = "slope",
                    .fallback = 1.0,
                    .help = "m of the hard sigmoid",
                    .min = 0.001,
                    .max = 1000},
                   deterministic_parameter()},
    .rule = LayerRule{draw},
}};

}  // namespace
}  // namespace signet

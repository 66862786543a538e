// Straight-through with the derivative of SwishSign.
//
//   x ~ F(a)                                                    forward
//   g_a = (hi - lo)/2 b (2 - t tanh(t/2)) / (1 + cosh t) g_x    backward
//
// t = b a. Written as 2b sigma(t) sigma(-t) (2 - t tanh(t/2)), since
// 1/(1 + cosh t) = 2 sigma(t) sigma(-t): no overflow. Darabi et al. 2018.

#include "signet/core/empirical_proxy.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  const double beta = context.arguments.number("beta");
  const auto t = logits.detach() * beta;
  const auto slope = torch::sigmoid(t) * torch::sigmoid(-t) *
                     (2 - t * torch::tanh(t / 2)) * (2 * beta);
  return draw_with_proxy(logits, context, slope);
}

const Registered<Estimator> entry{{
    .name = "st-swish",
    .summary = "straight-through with the derivative of SwishSign, a steep "
               "proxy that overshoots",
    .help = R"(
Forward: `x ~ F(a)`, or the sign with `deterministic=true`, which is Larq's
`swish_sign`. Backward: `g_a = b (2 - b a tanh(b a/2)) / (1 + cosh(b a)) g_x` for
signs, half of it for bits. The proxy runs from -1 to 1 as that of a noise does,
but overshoots, so no noise has it: units a little away from the threshold
receive a gradient of the wrong sign. Its slope at 0 is b, where every proxy
derived from noise has 1; b = 5 and 10 are the published values.
Cost: one forward, one backward.
)",
    .papers = {{.key = "darabi2018bnn",
                .authors = "Sajad Darabi and Mouloud Belbahri and Matthieu "
                           "Courbariaux and Vahid {Partovi Nia}",
                .title = "BNN+: Improved Binary Network Training",
                .year = 2018,
                .arxiv = "1812.11800"}},
    .traits = {.order = 0},
    .parameters = {{.name = "beta",
                    .fallback = 5.0,
                    .help = "b, the slope of the proxy at 0",
                    .min = 0.01,
                    .max = 1000},
                   deterministic_parameter()},
    .rule = LayerRule{draw},
}};

}  // namespace
}  // namespace signet

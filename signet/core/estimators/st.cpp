// Straight-through in the stochastic binary network.
//
//   x ~ F(a)           forward
//   g_a = (hi - lo) F'(a) g_x   backward: 2F'(a) for signs, F'(a) for bits
//
// The difference L(x_i = hi) - L(x_i = lo) of the true gradient is replaced by
// the linearisation (hi - lo) dL/dx_i at the sample. Shekhovtsov, Yanush 2021.

#include "signet/core/estimator.h"
#include "signet/core/straight_through.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  const auto units = with_noise_argument(context);
  const auto x = context.noise.draw(logits, units);
  return straight_through(logits, x, *units.noise, width(units.encoding));
}

const Registered<Estimator> entry{{
    .name = "st",
    .summary = "straight-through on a sampled unit, the proxy derived from "
               "the noise",
    .help = R"(
Forward: `x ~ F(a)`. Backward: `g_a = 2F'(a) g_x` for signs, `F'(a) g_x` for
bits. The noise decides the proxy `2F - 1`: logistic gives tanh, uniform gives
Htanh (the clipped identity of BinaryNet), triangular gives ApproxSign,
Gaussian gives erf. Exact when the loss is multilinear in the units of a layer.
The first thing to try in a deep network. Cost: one forward, one backward.
)",
    .paper = "Shekhovtsov, Yanush 2021, arXiv:2006.06880",
    .traits = {.order = 1},
    .parameters = {noise_parameter()},
    .rule = LayerRule{draw},
}};

}  // namespace
}  // namespace signet

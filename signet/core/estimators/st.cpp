// Straight-through in the stochastic binary network.
//
//   x ~ F(m a)                          forward, m = slope
//   g_a = (hi - lo) m F'(m a) g_x       backward: for m = 1
//                                       2F'(a) for signs, F'(a) for bits
//
// The difference L(x_i = hi) - L(x_i = lo) of the true gradient is replaced by
// the linearisation (hi - lo) dL/dx_i at the sample. Shekhovtsov, Yanush 2021.

#include "signet/core/estimator.h"
#include "signet/core/normalized_units.h"
#include "signet/core/papers.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  const auto units = with_noise_argument(context);
  const double slope = context.arguments.number("slope");
  const auto steeper = slope == 1 ? logits : logits * slope;
  const auto x = context.noise.draw(steeper, units);
  return straight_through(steeper, x, *units.noise, width(units.encoding));
}

Tensor draw_normalized(const NormalizedLogits& logits,
                       const DrawContext& context) {
  const auto units = with_noise_argument(context);
  const auto stream = context.noise.stream();
  if (context.arguments.number("slope") != 1 || !stream ||
      !has_fused_units(logits, units)) {
    return draw(logits.value(), context);
  }
  return fused_units(logits, units, *stream);
}

const Registered<Estimator> entry{{
    .name = "st",
    .summary = "straight-through on a sampled unit, the proxy derived from "
               "the noise",
    .help = R"(
Forward: `x ~ F(m a)`, `m` the slope, 1 unless said otherwise. Backward:
`g_a = 2m F'(m a) g_x` for signs, half of it for bits. The noise decides the
proxy `2F - 1`: logistic gives tanh, uniform gives Htanh (the clipped identity
of BinaryNet), triangular gives ApproxSign, Gaussian gives erf. Exact when the
loss is multilinear in the units of a layer. A slope above 1 is less noise,
`z / m`: another network, whose units are more certain. Slope-annealed
straight-through raises it from epoch to epoch; the sigmoid-adjusted rule of
R2RT is logistic noise and slope 0.5 (`st-sigmoid`).
The first thing to try in a deep network. Cost: one forward, one backward.
)",
    .papers = {kShekhovtsovYanush2021},
    .traits = {.order = 1},
    .parameters = {noise_parameter(),
                   {.name = "slope",
                    .fallback = 1.0,
                    .help = "m; the units are drawn from F(m a)",
                    .min = 0.001,
                    .max = 1000}},
    .rule = LayerRule{draw, draw_normalized},
}};

}  // namespace
}  // namespace signet

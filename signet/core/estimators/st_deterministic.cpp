// Deterministic straight-through (the empirical rule of BinaryNet).
//
//   x = hi if a >= 0 else lo           forward
//   g_a = (hi - lo) m F'(m a) g_x      backward, as `st`; m = slope
//
// The backward of `st` at the mode. Hubara et al. 2016, arXiv:1602.02830.

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
  const auto x = ModeSampler().draw(logits.detach(), units);
  return straight_through(steeper, x, *units.noise, width(units.encoding));
}

Tensor draw_normalized(const NormalizedLogits& logits,
                       const DrawContext& context) {
  return context.arguments.number("slope") == 1
             ? deterministic_units(logits, with_noise_argument(context))
             : draw(logits.value(), context);
}

const Registered<Estimator> entry{{
    .name = "st-deterministic",
    .summary = "straight-through on a deterministic unit, the sign of the "
               "pre-activation",
    .help = R"(
Forward: `x = sign(a)`. Backward: `g_a = 2m F'(m a) g_x` for signs, half of it
for bits, as `st`; the slope m changes the backward alone. No variance, and a
bias that is generally larger than that of `st` in a stochastic network; it
trains the deterministic network. With uniform noise this is BinaryNet's rule,
and with its slope raised from epoch to epoch that of HM-RNN
(`st-hard-sigmoid`). Cost: one forward, one backward.
)",
    .papers = {kHubara2016, kShekhovtsovYanush2021},
    .traits = {.order = 1, .deterministic = true},
    .parameters = {noise_parameter(),
                   {.name = "slope",
                    .fallback = 1.0,
                    .help = "m; the proxy is 2F(m a) - 1",
                    .min = 0.001,
                    .max = 1000}},
    .rule = LayerRule{draw, draw_normalized},
}};

}  // namespace
}  // namespace signet

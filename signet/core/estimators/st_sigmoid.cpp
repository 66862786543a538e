// Sigmoid-adjusted and slope-annealed straight-through.
//
//   x ~ sigma(m a)                                     forward
//   g_a = (hi - lo) m sigma(m a) sigma(-m a) g_x       backward
//
// `st` with logistic noise, F = sigma(2a), and slope m/2. For bits and m = 1
// the factor is p (1 - p). R2RT 2016; Bengio et al. 2013.

#include "signet/core/estimator.h"
#include "signet/core/papers.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  auto units = context.units;
  units.noise = &logistic_noise();
  const auto scaled = logits * (context.arguments.number("slope") / 2);
  const auto x = context.noise.draw(scaled, units);
  return straight_through(scaled, x, *units.noise, width(units.encoding));
}

const Registered<Estimator> entry{{
    .name = "st-sigmoid",
    .summary = "sigmoid-adjusted straight-through as R2RT writes it: "
               "p = sigmoid(slope a)",
    .help = R"(
Forward: `x ~ sigma(m a)`, `m` the slope. Backward, for bits: `g_a = m p (1 -
p) g_x`, the derivative of the sigmoid; twice it for signs. The same as
`st(noise=logistic, slope=m/2)`: the sigmoid of the units here is `sigma(2a)`,
so m = 2 is `st` in a network of logistic noise and m = 1, the default, is a
network with twice the noise, which the bias stated below includes. Raise the
slope from epoch to epoch and it is slope-annealed straight-through; R2RT's
schedule is m = 1.1^epoch. Cost: one forward, one backward.
)",
    .papers = {kBengio2013, kR2rt2016},
    .traits = {.order = 0},
    .parameters = {{.name = "slope",
                    .fallback = 1.0,
                    .help = "m of sigma(m a)",
                    .min = 0.001,
                    .max = 1000}},
    .rule = LayerRule{draw},
}};

}  // namespace
}  // namespace signet

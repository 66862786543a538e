// Gumbel-Rao: straight-through Gumbel-Softmax with the noise that the drawn
// unit leaves open averaged out.
//
//   x ~ F(a),  z_1 .. z_K ~ F given x                            forward
//   g_a = (hi - lo) (1/K) sum_k s_k' g_x                         backward
//   s_k = sigma(2 (a - z_k) / t),  s_k' = (2/t) s_k (1 - s_k)
//
// z_k is a constant of the backward. Paulus, Maddison, Krause 2021.

#include "signet/core/concrete.h"
#include "signet/core/estimator.h"
#include "signet/core/papers.h"
#include "signet/core/rule_noise.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  const auto& units = context.units;
  const double temperature = context.arguments.number("temperature");
  const auto samples = context.arguments.integer("samples");
  const auto a = logits.detach();
  const auto x = context.noise.draw(logits, units);
  const auto is_high = x > low(units.encoding);
  auto slope = torch::zeros_like(a);
  for (int64_t k = 0; k < samples; ++k) {
    const auto v = extra_uniform(context, logits, static_cast<uint64_t>(k));
    const auto z = noise_given_state(*units.noise, a, is_high, v);
    slope += concrete(a - z, temperature).slope;
  }
  return straight_through(
      logits, x,
      slope * (width(units.encoding) / static_cast<double>(samples)));
}

const Registered<Estimator> entry{{
    .name = "gumbel-rao",
    .summary = "straight-through Gumbel-Softmax averaged over the noise that "
               "the drawn units leave open",
    .help = R"(
Forward: `x ~ F(a)`. Backward: `g_a = (hi - lo) 1/K sum_k (2/t) s_k (1 - s_k)
g_x`, `s_k = sigma(2(a - z_k)/t)`: the factor of `st-gumbel` averaged over K
further draws of the noise `z` given `x`, through which nothing is differentiated. The
mean of `st-gumbel` with less variance, at one evaluation of the network
whatever K is. As the temperature falls and K grows it becomes `zgr`, which
needs no samples. Cost: one forward, one backward, K draws of noise.
)",
    .papers = {kPaulus2021},
    .traits = {.order = 0},
    .parameters = {{.name = "samples",
                    .fallback = int64_t{10},
                    .help = "K, draws of the noise for each unit",
                    .min = 1,
                    .max = 10000},
                   temperature_parameter()},
    .rule = LayerRule{draw},
}};

}  // namespace
}  // namespace signet

// Straight-through Gumbel-Softmax, binary case.
//
//   z ~ F,  x = hi if z <= a else lo                      forward
//   g_a = (hi - lo) s' g_x,  s = sigma(2 (a - z) / t)     backward
//
// s' = (2/t) s (1 - s), t = temperature. Jang et al. 2017.

#include "signet/core/concrete.h"
#include "signet/core/estimator.h"
#include "signet/core/papers.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  const auto& units = context.units;
  const auto z = units.noise->quantile(context.noise.uniform(logits));
  const auto relaxed =
      concrete(logits.detach() - z, context.arguments.number("temperature"));
  return straight_through(logits, context.noise.draw(logits, units),
                          relaxed.slope * width(units.encoding));
}

const Registered<Estimator> entry{{
    .name = "st-gumbel",
    .summary = "straight-through Gumbel-Softmax: binary units forward, the "
               "derivative of the relaxed ones backward",
    .help = R"(
Forward: the unit that `z` draws, `x ~ F(a)` exactly. Backward: `g_a = (hi -
lo) (2/t) s (1 - s) g_x`, `s = sigma(2(a - z)/t)`: the derivative of `gumbel`'s
sigmoid at the same `z`. As the temperature t falls the mean tends to
that of `darn`, with a bias of O(t), while the variance grows like 1/t.
`gumbel-rao` has the same mean with less variance. Cost: one forward, one
backward.
)",
    .papers = {kJang2017},
    .traits = {.order = 0},
    .parameters = {temperature_parameter()},
    .rule = LayerRule{draw},
}};

}  // namespace
}  // namespace signet

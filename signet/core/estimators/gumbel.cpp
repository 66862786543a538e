// Gumbel-Softmax, binary case (Concrete).
//
//   z ~ F,  s = sigma(2 (a - z) / temperature),  x = lo + (hi - lo) s
//
// With logistic noise and eta = 2a this is s = sigma((eta - z') / temperature),
// z' standard logistic. Jang et al. 2017; Maddison et al. 2017.

#include "signet/core/concrete.h"
#include "signet/core/estimator.h"
#include "signet/core/papers.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  const auto& units = context.units;
  const double w = width(units.encoding);
  const auto z = units.noise->quantile(context.noise.uniform(logits));
  const auto relaxed =
      concrete(logits.detach() - z, context.arguments.number("temperature"));
  const auto x = relaxed.value * w + low(units.encoding);
  return straight_through(logits, x.to(logits.scalar_type()),
                          relaxed.slope * w);
}

const Registered<Estimator> entry{{
    .name = "gumbel",
    .summary = "Gumbel-Softmax (binary Concrete): the unit is relaxed to a "
               "steep sigmoid of noise",
    .help = R"(
Forward: `x = s(2(a - z)/temperature)`, `z` from the noise of the units,
stretched to [-1, 1] for signs; backward: its derivative. The whole objective,
and every other gradient in it, is evaluated at relaxed units. Bias O(t) and
variance O(1/t) in the temperature t. Cost: one forward, one backward.
)",
    .papers = {kJang2017, kMaddison2017},
    .traits = {.order = 0, .relaxed = true},
    .parameters = {temperature_parameter()},
    .rule = LayerRule{draw},
}};

}  // namespace
}  // namespace signet

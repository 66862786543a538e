// ReinMax: Heun's second-order rule, binary case.
//
//   x ~ F(a)                                                       forward
//   g_a = (hi - lo)/2 (|d log P_t(x)/da'| + F'(a') - F'(a)) g_x    backward
//
// with a' = a/t, P_t of the unit at a'. For bits, logistic noise and eta = 2a
// it is the published 2q(1 - q) - p(1 - p)/2, q = (sigma(eta/t) + [x = hi])/2,
// since 2q(1 - q) = (1 - P_t(x)) (1 + P_t(x))/2. At t = 1 it is `darn`.
// Liu et al. 2023.

#include "signet/core/estimator.h"
#include "signet/core/papers.h"
#include "signet/core/reweighting.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  const double temperature = context.arguments.number("temperature");
  if (temperature == 1) return draw_reweighted(logits, context);
  const auto& units = context.units;
  const auto a = logits.detach(), cooled = a / temperature;
  const auto x = context.noise.draw(logits, units);
  const auto& density = units.noise->density;
  return straight_through(
      logits, x,
      reweighting(cooled, x, units) +
          (density(cooled) - density(a)) * (width(units.encoding) / 2));
}

const Registered<Estimator> entry{{
    .name = "reinmax",
    .summary = "Heun's second-order rule; at temperature 1 the same as darn",
    .help = R"(
Forward: `x ~ F(a)`. Backward, for bits and log-odds eta of logistic noise:
`2q(1 - q) - p(1 - p)/2`, `q = (sigma(eta/t) + x)/2`. At temperature t = 1 this is
`darn`, exact for losses quadratic in each unit; a greater t trades bias for
variance, and the order is lost. The paper uses 1 to 1.5.
Cost: one forward, one backward.
)",
    .papers = {kLiu2023},
    .traits = {.order = 2},
    .parameters = {{.name = "temperature",
                    .fallback = 1.0,
                    .help = "of the sigmoid in q",
                    .min = 1,
                    .max = 100}},
    .rule = LayerRule{draw},
}};

}  // namespace
}  // namespace signet

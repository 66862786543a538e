#include "signet/core/reweighting.h"

#include "signet/core/draw_units.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"

namespace signet {

Tensor reweighting(const Tensor& logits, const Tensor& x,
                   const UnitOptions& units) {
  const double w = width(units.encoding);
  const auto middle = low(units.encoding) + w / 2;
  return score(*units.noise, logits.detach(), x, middle).abs_().mul_(w / 2);
}

Tensor draw_reweighted(const Tensor& logits, const DrawContext& context) {
  const auto x = context.noise.draw(logits, context.units);
  return straight_through(logits, x, reweighting(logits, x, context.units));
}

Parameter from_parameter() {
  return {.name = "from",
          .fallback = 0.5,
          .help =
              "least share of the way from the middle to the drawn state "
              "at which the objective is evaluated",
          .min = 0,
          .max = 1};
}

}  // namespace signet

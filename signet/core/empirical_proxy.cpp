#include "signet/core/empirical_proxy.h"

#include "signet/core/straight_through.h"
#include "signet/core/torch.h"

namespace signet {

Tensor draw_with_proxy(const Tensor& logits, const DrawContext& context,
                       const Tensor& slope_of_proxy) {
  const auto& units = context.units;
  const auto x = context.arguments.flag("deterministic")
                     ? ModeSampler().draw(logits.detach(), units)
                     : context.noise.draw(logits, units);
  return straight_through(logits, x,
                          slope_of_proxy * (width(units.encoding) / 2));
}

Parameter deterministic_parameter() {
  return {.name = "deterministic",
          .fallback = false,
          .help = "the unit is the sign of the pre-activation, without noise"};
}

}  // namespace signet

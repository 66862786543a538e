#include "signet/core/coupled_units.h"

#include "signet/core/draw_units.h"
#include "signet/core/torch.h"

namespace signet {

Tensor log_odds_slope(const PathLayer& layer) {
  // s(high) - s(low), one of which is the score of the units.
  const auto s = [&](const Tensor& x) {
    return score(*layer.units.noise, layer.logits.detach(), x, layer.middle());
  };
  return (s(layer.x) - s(layer.flipped())).abs();
}

Tensor rare_slope(const PathLayer& layer) {
  return score(*layer.units.noise, layer.logits.detach(),
               layer.probability() < 0.5)
      .abs();
}

Tensor antithetic_units(const PathLayer& layer, const Tensor& u) {
  const auto is_high = 1 - u < layer.probability();
  return is_high.to(layer.x.scalar_type()) * layer.width() + layer.low();
}

Tensor mean_of_others(const Tensor& values) {
  return (values.sum(0) - values) / (values.size(0) - 1);
}

}  // namespace signet

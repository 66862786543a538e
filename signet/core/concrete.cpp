#include "signet/core/concrete.h"

#include "signet/core/torch.h"

namespace signet {

Concrete concrete(const at::Tensor& distance, double temperature) {
  torch::NoGradGuard no_grad;
  const auto t = distance * (2 / temperature);
  const auto s = torch::sigmoid(t);
  // 1 - s would round the small slopes of saturated units.
  return {s, s * torch::sigmoid(-t) * (2 / temperature)};
}

Parameter temperature_parameter() {
  return {.name = "temperature",
          .fallback = 0.5,
          .help = "of the sigmoid; smaller is closer to a step",
          .min = 0.01,
          .max = 100};
}

}  // namespace signet

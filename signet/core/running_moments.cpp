#include "signet/core/running_moments.h"

#include <algorithm>

#include "signet/core/torch.h"

namespace signet {
namespace {

/// [number of signals, mean, variance]
at::Tensor& kept(EstimatorState& state, const std::string& name,
                 const at::Tensor& like) {
  return state.tensor(name, [&] {
    return torch::tensor({0.0, 0.0, 1.0}, like.options().requires_grad(false));
  });
}

}  // namespace

RunningMoments running_moments(EstimatorState& state, const std::string& name,
                               const at::Tensor& like) {
  const auto values = kept(state, name, like).clone();
  // A constant signal must not be divided by.
  return {values[1], values[2].sqrt().clamp_min(1e-6)};
}

void follow(EstimatorState& state, const std::string& name,
            const at::Tensor& signal) {
  if (!state.learning) return;
  torch::NoGradGuard no_grad;
  auto& values = kept(state, name, signal);
  const double t = values[0].item<double>() + 1;
  const double step = std::max(1 / t, 0.01);
  const auto mean = torch::lerp(values[1], signal.mean(), step);
  const auto variance =
      torch::lerp(t == 1 ? torch::zeros_like(mean) : values[2],
                  (signal - mean).square().mean(), step);
  values.copy_(torch::stack({torch::full_like(mean, t), mean, variance}));
}

}  // namespace signet

#include "signet/core/estimator_state.h"

#include "signet/core/torch.h"

namespace signet {

at::Tensor& EstimatorState::tensor(const std::string& name,
                                   const std::function<at::Tensor()>& make) {
  const auto found = tensors.find(name);
  if (found != tensors.end()) return found->second;
  return tensors[name] = make().detach();
}

void EstimatorState::descend(const std::string& name,
                             const at::Tensor& gradient, double rate) {
  if (!learning) return;
  torch::NoGradGuard no_grad;
  constexpr double kBeta1 = 0.9, kBeta2 = 0.999;
  auto& value = tensors.at(name);
  const auto zeros = [&] { return torch::zeros_like(value); };
  auto& first = tensor(name + ".adam1", zeros);
  auto& second = tensor(name + ".adam2", zeros);
  auto& steps =
      tensor(name + ".steps", [] { return torch::zeros({}, torch::kDouble); });
  steps += 1;
  const double t = steps.item<double>();
  first.mul_(kBeta1).add_(gradient, 1 - kBeta1);
  second.mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
  const auto scale = (second / (1 - std::pow(kBeta2, t))).sqrt_().add_(1e-8);
  value -= first / scale * (rate / (1 - std::pow(kBeta1, t)));
}

}  // namespace signet

#include "signet/core/learned_tensors.h"

#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "signet/core/random.h"
#include "signet/core/torch.h"

namespace signet {

Tensor LearnedTensors::operator()(const std::string& name,
                                  const std::function<Tensor()>& make) {
  const auto found = leaves_.find(prefix_ + name);
  if (found != leaves_.end()) return found->second;
  auto leaf = state_.tensor(prefix_ + name, make).detach();
  leaf.requires_grad_(learning());
  return leaves_[prefix_ + name] = leaf;
}

Tensor LearnedTensors::number(const std::string& name, double first,
                              const Tensor& like) {
  return (*this)(name, [&] {
    return torch::full({}, first, like.options().requires_grad(false));
  });
}

void LearnedTensors::descend(const Tensor& objective) {
  if (!learning()) return;
  std::vector<Tensor> leaves;
  for (const auto& [name, leaf] : leaves_) leaves.push_back(leaf);
  const auto gradients =
      torch::autograd::grad({objective}, leaves, {}, /*retain_graph=*/false,
                            /*create_graph=*/false, /*allow_unused=*/true);
  size_t i = 0;
  for (const auto& [name, leaf] : leaves_) {
    const auto& gradient = gradients[i++];
    if (gradient.defined() && gradient.isfinite().all().item<bool>())
      state_.descend(name, gradient, rate_);
  }
}

Tensor small_network(LearnedTensors& learned, const std::string& name,
                     const Tensor& input, int64_t hidden, int64_t outputs) {
  const auto inputs = input.size(-1);
  const auto options = input.options().requires_grad(false);
  const auto zeros = [&](at::IntArrayRef shape) {
    return [=, s = shape.vec()] { return torch::zeros(s, options); };
  };
  const auto first = learned(name + ".weight1", [&] {
    // Uniform, with the variance 1/m that keeps the scale of the inputs.
    const double bound = std::sqrt(3.0 / static_cast<double>(inputs));
    const auto u = Random(0)
                       .site(RandomUse::initialization)
                       .uniform({inputs, hidden}, options);
    return (2 * u - 1) * bound;
  });
  const auto z =
      torch::matmul(input, first) + learned(name + ".bias1", zeros({hidden}));
  return torch::matmul(torch::leaky_relu(z, 0.3),
                       learned(name + ".weight2", zeros({hidden, outputs}))) +
         learned(name + ".bias2", zeros({outputs}));
}

Tensor second_moment(const std::vector<Tensor>& gradients, const Tensor& loss) {
  auto sum = torch::zeros({}, loss.options().requires_grad(false));
  for (const auto& g : gradients) sum = sum + g.square().sum();
  return sum / static_cast<double>(loss.numel());
}

std::string layer_prefix(size_t l) { return "layer" + std::to_string(l) + "."; }

Parameter rate_parameter() {
  return {.name = "rate",
          .fallback = 0.01,
          .help = "of learning the control variate (Adam); 0 keeps it fixed",
          .min = 0,
          .max = 1};
}

}  // namespace signet

// Any LibTorch network, loop and optimizer with a signet estimator: learns the
// parity of two bits through sampled binary units. The arguments are estimators
// to try, such as "reinforce" or "gumbel(temperature=0.5)".

#include <torch/torch.h>

#include "signet/core/cross_entropy.h"
#include "signet/core/estimator.h"

struct Net : torch::nn::Module {
  torch::nn::Linear hidden = register_module("hidden", torch::nn::Linear(2, 9));
  torch::nn::Linear head = register_module("head", torch::nn::Linear(9, 2));
  torch::Tensor forward(const torch::Tensor& x, signet::Sampler& sampler) {
    return head(sampler.draw(hidden(x), {}));  // logits in, units out
  }
};

/// How many of the four the trained network gets right.
int trained_with(const std::string& name) {
  torch::manual_seed(1);
  Net net;
  torch::optim::Adam optimizer(net.parameters(), 0.05);
  const auto x =
      torch::tensor({-1., -1., -1., 1., 1., -1., 1., 1.}).view({4, 2});
  const auto y = torch::tensor({1, 0, 0, 1});
  const signet::BoundEstimator estimator(name);
  for (uint32_t step = 0; step < 500; ++step) {
    const auto estimate = estimator(
        [&](signet::Sampler& sampler) {  // the loss of each example
          return signet::cross_entropy(net.forward(x, sampler), y);
        },
        signet::Random(1).at_step(step));
    optimizer.zero_grad();
    estimate.surrogate.mean().backward();
    optimizer.step();
  }
  signet::ModeSampler mode;
  return (net.forward(x, mode).argmax(1) == y).sum().item<int>();
}

int main(int argc, char** argv) {
  std::vector<std::string> names(argv + 1, argv + argc);
  if (names.empty()) names = {"st"};
  bool learnt = true;
  try {
    for (const auto& name : names) {
      const int right = trained_with(name);
      std::cout << name << ": " << right << " of 4 right\n";
      learnt = learnt && right == 4;
    }
  } catch (const signet::UsageError& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
  return learnt ? 0 : 1;
}

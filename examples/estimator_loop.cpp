// Any LibTorch network, loop and optimizer with a signet estimator: learns the
// parity of two bits through sampled binary units.

#include <torch/torch.h>

#include "signet/core/estimator.h"

struct Net : torch::nn::Module {
  torch::nn::Linear hidden = register_module("hidden", torch::nn::Linear(2, 9));
  torch::nn::Linear head = register_module("head", torch::nn::Linear(9, 2));

  torch::Tensor forward(const torch::Tensor& x, signet::Sampler& sampler) {
    return head(sampler.draw(hidden(x), {}));
  }
};

int main() {
  torch::manual_seed(1);
  Net net;
  torch::optim::Adam optimizer(net.parameters(), 0.05);
  const auto x =
      torch::tensor({-1., -1., -1., 1., 1., -1., 1., 1.}).view({4, 2});
  const auto y = torch::tensor({1, 0, 0, 1}).view({4, 1});
  const signet::BoundEstimator estimator("st");
  for (uint32_t step = 0; step < 500; ++step) {
    const auto estimate = estimator(
        [&](signet::Sampler& sampler) {  // the loss of each example
          const auto log_p = net.forward(x, sampler).log_softmax(1);
          return -log_p.gather(1, y).squeeze(1);
        },
        signet::Random(1).at_step(step));
    optimizer.zero_grad();
    estimate.surrogate.mean().backward();
    optimizer.step();
  }
  signet::ModeSampler mode;
  const auto guess = net.forward(x, mode).argmax(1, true);
  std::cout << (guess == y).sum().item<int>() << " of 4 right\n";
  return guess.equal(y) ? 0 : 1;
}

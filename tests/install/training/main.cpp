// Learns XOR of two inputs with binary units, once by every kind of estimator,
// in a loop of LibTorch's own.

#include <cstdio>

#include "signet/core/cross_entropy.h"
#include "signet/core/estimator.h"
#include "signet/core/torch.h"
#include "signet/models/network.h"
#include "signet/optim/optimizer.h"

namespace {

double accuracy_with(const char* spelling) {
  const signet::Random random(1);
  signet::Network network(
      signet::parse_network(
          signet::Shape::vector(2),
          {"linear(outputs=16, weights=real, bias=true)", "units",
           "linear(outputs=2, weights=real, bias=true)"}),
      random);
  signet::Optimizer optimizer;
  for (const auto& p : network.named_parameters())
    optimizer.add(p.key(), p.value(), signet::BoundRule("gradient"));

  const auto x =
      torch::tensor({-1.0f, -1.0f, -1.0f, 1.0f, 1.0f, -1.0f, 1.0f, 1.0f})
          .view({4, 2})
          .repeat({16, 1});
  const auto y = torch::tensor({0, 1, 1, 0}, torch::kLong).repeat({16});
  const signet::BoundEstimator estimator(spelling);
  for (uint32_t step = 0; step < 600; ++step) {
    const auto estimate = estimator(
        [&](signet::Sampler& sampler) {
          return signet::cross_entropy(network.forward(x, sampler), y);
        },
        random.at_step(step));
    optimizer.zero_grad();
    estimate.surrogate.mean().backward();
    optimizer.step(0.02);
  }
  signet::ModeSampler mode;
  network.eval();
  return (network.forward(x, mode).argmax(1) == y)
      .to(torch::kDouble)
      .mean()
      .item<double>();
}

}  // namespace

int main() {
  bool learnt = true;
  for (const char* spelling : {"st", "gumbel(temperature=0.5)", "arms"}) {
    const double accuracy = accuracy_with(spelling);
    std::printf("%s: accuracy %.2f\n", spelling, accuracy);
    learnt = learnt && accuracy == 1;
  }
  std::printf("%zu estimators in the table\n",
              signet::table<signet::Estimator>().size());
  return learnt ? 0 : 1;
}

#include "signet/experiments/initialization.h"

#include <gtest/gtest.h>

#include "signet/core/samplers.h"
#include "signet/core/torch.h"
#include "signet/experiments/checkpoint.h"

namespace signet {
namespace {

/// Output of each layer, [rows, channels], while training.
std::vector<Tensor> outputs(Network& network, const Tensor& x,
                            const Random& random) {
  torch::NoGradGuard no_gradient;
  network.train();
  network.set_dropout_random(random);
  std::vector<Tensor> all;
  IndependentSampler sampler(random);
  network.forward(x, sampler, [&](size_t, const Tensor& y) {
    all.push_back(y.reshape({-1, y.size(-1)}).to(torch::kDouble));
  });
  return all;
}

void expect_near(const Tensor& a, double b, double tolerance) {
  EXPECT_LT((a - b).abs().max().item<double>(), tolerance) << a;
}

TEST(Initialization, OutputsHaveMeanZeroAndDeviationOne) {
  Network network(
      parse_network(Shape::map(1, 8, 8),
                    {"conv(channels=6, weights=real, bias=true)", "units",
                     "flatten", "linear(outputs=20, weights=real, bias=true)",
                     "tanh", "linear(outputs=7, bias=true)",
                     "dropout(rate=0.2)", "linear(outputs=5, weights=real)"}),
      Random(1));
  torch::manual_seed(3);
  const auto x = torch::randint(0, 256, {90, 64}, torch::kFloat);
  const auto last = network_state(network).at("7.weight").clone();
  initialize_from_batch(network, x, Random(4));
  const auto y = outputs(network, x, Random(4));
  for (const size_t i : {0, 3}) {
    expect_near(y[i].mean(0), 0, 1e-4);
    expect_near(y[i].std(0, false), 1, 1e-4);
  }
  // Binary weights cannot be scaled.
  expect_near(y[5].mean(0), 0, 1e-4);
  EXPECT_GT(y[5].std().item<double>(), 1.5);
  // Without a bias nothing is done.
  EXPECT_TRUE(network_state(network).at("7.weight").equal(last));
}

TEST(Initialization, BatchNormHasTheStatisticsOfTheBatch) {
  Network network(
      parse_network(Shape::vector(30),
                    {"linear(outputs=8, bias=true)", "batch-norm", "units",
                     "linear(outputs=4)", "batch-norm(momentum=0.3)"}),
      Random(1));
  torch::manual_seed(3);
  const auto x = torch::randn({64, 30});
  const auto bias = network_state(network).at("0.bias").clone();
  initialize_from_batch(network, x, Random(4));
  const auto y = outputs(network, x, Random(4));
  // outputs() has moved the statistics towards the same values.
  const auto state = network_state(network);
  for (const size_t i : {1, 4}) {
    const auto name = std::to_string(i);
    EXPECT_TRUE(at::allclose(state.at(name + ".running_mean"),
                             y[i - 1].mean(0).to(torch::kFloat), 1e-4, 1e-4));
    EXPECT_TRUE(at::allclose(state.at(name + ".running_var"),
                             y[i - 1].var(0).to(torch::kFloat), 1e-4, 1e-4));
  }
  // A bias in front of batch norm stays.
  EXPECT_TRUE(state.at("0.bias").equal(bias));
}

}  // namespace
}  // namespace signet

// Weights that are Bernoulli variables, drawn as the units of a layer are.

#include <gtest/gtest.h>

#include "signet/core/estimator.h"
#include "signet/core/samplers.h"
#include "signet/core/torch.h"
#include "signet/models/network.h"
#include "tests/models/small_networks.h"

namespace signet {
namespace {

/// Stochastic weights: the mean over all draws of the weights of an example's
/// loss is what `exact` enumerates; reinforce must agree with it.
TEST(StochasticWeights, AreUnitsOfTheNetwork) {
  Network network(
      parse_network(Shape::vector(2),
                    {"linear(outputs=2, weights=stochastic, draw=example, "
                     "init=0.7)",
                     "units(noise=uniform)",
                     "linear(outputs=1, weights=real, bias=true)"}),
      Random(4));
  network.eval();
  const auto x = noise({3, 2}, 9);
  const Objective objective = [&](Sampler& sampler) {
    return (network.forward(x, sampler).squeeze(-1) - 0.3).square();
  };
  const auto gradient = [&](const BoundEstimator& estimator, uint32_t step) {
    network.zero_grad();
    for (auto& p : network.parameters()) p.mutable_grad() = Tensor();
    estimator(objective, Random(6).at_step(step)).surrogate.mean().backward();
    return network.named_parameters()["0.latent"].grad().clone();
  };
  const auto truth = gradient(BoundEstimator("exact"), 0);
  // By hand: all 16 draws of the four weights, with the expectation over the
  // two units above them.
  const auto p = torch::sigmoid(2 * network.named_parameters()["0.latent"]);
  const auto head = network.named_parameters()["2.weight"].detach()[0];
  const auto bias = network.named_parameters()["2.bias"].detach();
  Tensor expected = torch::zeros({3});
  for (int state = 0; state < 16; ++state) {
    const auto w =
        torch::tensor({state & 1 ? 1.F : -1.F, state & 2 ? 1.F : -1.F,
                       state & 4 ? 1.F : -1.F, state & 8 ? 1.F : -1.F})
            .view({2, 2});
    const auto weight = torch::where(w > 0, p, 1 - p).prod();
    const auto f = ((x.matmul(w.t()) + 1) / 2).clamp(0, 1);  // P(unit = +1)
    for (int units = 0; units < 4; ++units) {
      const auto u =
          torch::tensor({units & 1 ? 1.F : -1.F, units & 2 ? 1.F : -1.F});
      const auto q = torch::where(u > 0, f, 1 - f).prod(1);
      const auto loss = (head.dot(u) + bias - 0.3).square();
      expected = expected + weight * q * loss;
    }
  }
  for (auto& p : network.parameters()) p.mutable_grad() = Tensor();
  expected.mean().backward();
  const auto by_hand = network.named_parameters()["0.latent"].grad();
  EXPECT_LT((truth - by_hand).abs().max().item<double>(), 1e-5);
  // 20,000 estimates: |z| <= 6 for each of four weights.
  const BoundEstimator reinforce("reinforce");
  constexpr int kSamples = 20000;
  auto sum = torch::zeros({2, 2}, torch::kDouble), squares = sum.clone();
  for (int i = 0; i < kSamples; ++i) {
    const auto g =
        gradient(reinforce, static_cast<uint32_t>(i + 1)).to(torch::kDouble);
    sum += g;
    squares += g * g;
  }
  const auto mean = sum / kSamples;
  const auto error = ((squares / kSamples - mean * mean) / kSamples).sqrt();
  EXPECT_LT(((mean - truth) / error).abs().max().item<double>(), 6);
}

/// Every estimator trains stochastic weights: layer rules one draw a step,
/// the others one an example.
TEST(StochasticWeights, WorkWithEveryEstimator) {
  const auto x = noise({3, 2}, 12);
  for (const auto& record : table<Estimator>()) {
    const bool layer_rule = std::holds_alternative<LayerRule>(record.rule);
    Network network(
        parse_network(
            Shape::vector(2),
            {std::string("linear(outputs=2, weights=stochastic, ") +
                 "init=0.4, draw=" + (layer_rule ? "step)" : "example)"),
             "tanh", "linear(outputs=1, weights=real)"}),
        Random(4));
    network.eval();
    const BoundEstimator estimator(record.name);
    EstimatorState state;
    for (uint32_t step = 1; step <= 40; ++step) {
      estimator(
          [&](Sampler& sampler) {
            return (network.forward(x, sampler).squeeze(-1) - 3).square();
          },
          Random(6).at_step(step), state)
          .surrogate.mean()
          .backward();
    }
    const auto gradient = network.named_parameters()["0.latent"].grad();
    ASSERT_TRUE(gradient.defined()) << record.name;
    EXPECT_TRUE(torch::isfinite(gradient).all().item<bool>()) << record.name;
    EXPECT_TRUE((gradient != 0).any().item<bool>()) << record.name;
  }
}

/// Samples of the weights share the bias.
TEST(StochasticWeights, OfSamplesShareTheBias) {
  Network network(
      parse_network(Shape::vector(2),
                    {"linear(outputs=3, weights=stochastic, draw=example, "
                     "bias=true)"}),
      Random(4));
  network.eval();
  {
    torch::NoGradGuard no_gradient;
    network.named_parameters()["0.bias"].copy_(
        torch::tensor({10.0F, 20.0F, 30.0F}));
  }
  const auto x = torch::zeros({5, 2});
  Tensor y;
  BoundEstimator("local-expectation")(
      [&](Sampler& sampler) {
        y = network.forward(x, sampler);
        return y.sum(-1);
      },
      Random(2));
  EXPECT_TRUE(y.equal(torch::tensor({10.0F, 20.0F, 30.0F}).expand(y.sizes())));
}

/// One draw a step: every example sees the same weights, and straight-through
/// gives latent weights 2F' dL/dw.
TEST(StochasticWeights, OfAStepAreTheSameForAllExamples) {
  Network network(
      parse_network(
          Shape::map(1, 3, 3),
          {"conv(channels=2, weights=stochastic, init=0.5)", "flatten"}),
      Random(4));
  network.train();
  const auto x = noise({1, 9}, 10).expand({6, 9}).contiguous();
  Tensor y;
  const auto estimate = BoundEstimator("st")(
      [&](Sampler& sampler) {
        y = network.forward(x, sampler);
        return y.sum(1);
      },
      Random(2));
  for (int64_t i = 1; i < 6; ++i) EXPECT_TRUE(y[i].equal(y[0]));
  estimate.surrogate.mean().backward();
  const auto latent = network.named_parameters()["0.latent"];
  const auto t = latent.detach().tanh();
  const auto expected = (1 - t * t) * x[0].view({1, 3, 3, 1});
  EXPECT_TRUE(torch::allclose(latent.grad(), expected, 1e-4, 1e-5));
}

/// Draws for each example differ, in linear layers and in convolutions, and
/// each is the layer with those weights.
TEST(StochasticWeights, OfAnExampleAreItsOwn) {
  for (const std::string layer :
       {"conv(channels=2, weights=stochastic, draw=example)",
        "linear(outputs=5, weights=stochastic, draw=example)"}) {
    Network network(parse_network(Shape::map(1, 4, 3), {layer}), Random(4));
    network.train();
    const auto x = noise({1, 12}, 10).expand({8, 12}).contiguous();
    IndependentSampler sampler(Random(2));
    const auto y = network.forward(x, sampler);
    int same = 0;
    for (int64_t i = 1; i < 8; ++i) same += y[i].equal(y[0]);
    EXPECT_EQ(same, 0) << layer;
    // In evaluation the mode: the signs.
    const auto mode = run(network, x);
    for (int64_t i = 1; i < 8; ++i) EXPECT_TRUE(mode[i].equal(mode[0]));
  }
}

}  // namespace
}  // namespace signet

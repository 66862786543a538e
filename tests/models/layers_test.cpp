// The kinds of layers against plain loops, and how they compose.

#include <gtest/gtest.h>

#include <functional>

#include "signet/base/error.h"
#include "signet/core/estimator.h"
#include "signet/core/samplers.h"
#include "signet/core/torch.h"
#include "signet/models/network.h"

namespace signet {
namespace {

Tensor noise(at::IntArrayRef shape, uint32_t step) {
  return Random(11).at_step(step).site(RandomUse::user).uniform(shape) * 4 - 2;
}

Tensor signs_of(const Tensor& t) {
  return torch::where(t >= 0, 1.0, -1.0).to(t.dtype());
}

/// The output of a network of one or more layers for x, in evaluation.
Tensor run(Network& network, const Tensor& x) {
  network.eval();
  ModeSampler mode;
  torch::NoGradGuard no_gradient;
  return network.forward(x, mode);
}

/// y[b, i, j, o] = sum_{u, v, c} w[o, u, v, c] x[b, s i + u - p, s j + v - p,
/// c] by six loops; `pad` is what stands outside.
Tensor convolved(const Tensor& x, const Tensor& w, int64_t stride,
                 int64_t padding, double pad) {
  const int64_t b = x.size(0), h = x.size(1), width = x.size(2), c = x.size(3);
  const int64_t o = w.size(0), k = w.size(1);
  const int64_t rows = (h + 2 * padding - k) / stride + 1;
  const int64_t columns = (width + 2 * padding - k) / stride + 1;
  auto y = torch::zeros({b, rows, columns, o}, torch::kDouble);
  const auto xs = x.to(torch::kDouble), ws = w.to(torch::kDouble);
  const auto outside = torch::full({c}, pad, torch::kDouble);
  for (int64_t n = 0; n < b; ++n)
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j)
        for (int64_t u = 0; u < k; ++u)
          for (int64_t v = 0; v < k; ++v) {
            const int64_t row = i * stride + u - padding;
            const int64_t column = j * stride + v - padding;
            const bool inside =
                row >= 0 && row < h && column >= 0 && column < width;
            const auto pixel = inside ? xs[n][row][column] : outside;
            y[n][i][j] += ws.select(1, u).select(1, v).mv(pixel);
          }
  return y;
}

struct ConvCase {
  std::string layer;
  int64_t channels, height, width, stride, padding;
  double pad;
};

TEST(Conv, IsTheSumOverItsWindow) {
  const std::vector<ConvCase> cases = {
      {"conv(channels=3, padding=1)", 2, 5, 4, 1, 1, 0},
      {"conv(channels=2, kernel=1)", 3, 4, 4, 1, 0, 0},
      {"conv(channels=2, padding=1, pad=minus)", 1, 5, 5, 1, 1, -1},
      {"conv(channels=4, padding=2, pad=plus, kernel=5)", 2, 6, 5, 1, 2, 1},
      {"conv(channels=3, stride=2, padding=1, weights=real)", 4, 7, 6, 2, 1, 0},
      {"conv(channels=3, stride=3, bias=true)", 2, 9, 8, 3, 0, 0}};
  uint32_t step = 1;
  for (const auto& c : cases) {
    Network network(
        parse_network(Shape::map(c.channels, c.height, c.width), {c.layer}),
        Random(step));
    auto parameters = network.named_parameters();
    if (parameters.contains("0.bias")) {
      torch::NoGradGuard no_gradient;
      parameters["0.bias"].copy_(torch::tensor({0.5F, -1.0F, 2.0F}));
    }
    const auto w = parameters.contains("0.latent")
                       ? signs_of(parameters["0.latent"])
                       : parameters["0.weight"];
    const auto x = noise({3, c.channels * c.height * c.width}, step++);
    const auto maps =
        x.view({3, c.channels, c.height, c.width}).permute({0, 2, 3, 1});
    auto expected = convolved(maps, w, c.stride, c.padding, c.pad);
    if (parameters.contains("0.bias"))
      expected = expected + parameters["0.bias"].to(torch::kDouble);
    const auto y = run(network, x);
    ASSERT_EQ(y.sizes(), expected.sizes()) << c.layer;
    EXPECT_LT((y - expected).abs().max().item<double>(), 1e-4) << c.layer;
    const auto shape = summarize(network.spec()).back().output;
    EXPECT_EQ(Shape::map(y.size(3), y.size(1), y.size(2)), shape);
  }
}

/// Each replicate and each sample has the convolution that it has alone.
TEST(Conv, ComputesWithReplicates) {
  Network network(
      parse_network(Shape::map(2, 4, 4),
                    {"conv(channels=3, padding=1, bias=true)", "batch-norm",
                     "units", "conv(channels=2, weights=real)"}),
      Random(2));
  network.eval();
  const auto x = noise({5, 32}, 1);
  std::vector<Tensor> replicated;
  uint32_t step = 10;
  for (const auto& p : network.parameters()) {
    auto shape = p.sizes().vec();
    shape.insert(shape.begin(), 3);
    replicated.push_back(noise(shape, step++));
  }
  torch::NoGradGuard no_gradient;
  network.compute_with(replicated);
  ModeSampler mode;
  const auto y = network.forward(x, mode);
  ASSERT_EQ(y.sizes(), at::IntArrayRef({3, 5, 2, 2, 2}));
  for (int64_t r = 0; r < 3; ++r) {
    std::vector<Tensor> one;
    for (const auto& p : replicated) one.push_back(p[r]);
    network.compute_with(one);
    EXPECT_LT((network.forward(x, mode) - y[r]).abs().max().item<double>(),
              1e-4);
  }
}

TEST(Pool, TakesTheGreatestAndTheMean) {
  const auto x = noise({2, 3 * 5 * 4}, 3);
  const auto maps = x.view({2, 3, 5, 4});
  Network greatest(parse_network(Shape::map(3, 5, 4), {"max-pool"}), Random(1));
  EXPECT_TRUE(run(greatest, x)
                  .equal(torch::max_pool2d(maps, 2, 2).permute({0, 2, 3, 1})));
  Network overlapping(
      parse_network(Shape::map(3, 5, 4), {"max-pool(size=3, stride=1)"}),
      Random(1));
  EXPECT_TRUE(run(overlapping, x)
                  .equal(torch::max_pool2d(maps, 3, 1).permute({0, 2, 3, 1})));
  Network mean(parse_network(Shape::map(3, 5, 4), {"average-pool(size=2)"}),
               Random(1));
  EXPECT_TRUE(torch::allclose(
      run(mean, x), torch::avg_pool2d(maps, 2).permute({0, 2, 3, 1})));
  Network all(parse_network(Shape::map(3, 5, 4), {"average-pool", "flatten"}),
              Random(1));
  EXPECT_TRUE(torch::allclose(run(all, x), maps.mean({2, 3})));
}

TEST(Flatten, KeepsTheOrderOfMemory) {
  Network network(parse_network(Shape::map(2, 1, 2), {"flatten"}), Random(1));
  const auto x = torch::tensor({{1.0F, 2.0F, 10.0F, 20.0F}});
  EXPECT_TRUE(
      run(network, x).equal(torch::tensor({{1.0F, 10.0F, 2.0F, 20.0F}})));
}

TEST(Activation, HasItsFunctionAndDerivative) {
  const std::vector<std::pair<std::string, std::function<Tensor(Tensor)>>>
      cases = {{"relu", [](Tensor x) { return x.clamp_min(0); }},
               {"tanh", [](Tensor x) { return x.tanh(); }},
               {"sigmoid", [](Tensor x) { return 1 / (1 + (-x).exp()); }},
               {"hard-tanh", [](Tensor x) { return x.clamp(-1, 1); }}};
  for (const auto& [name, function] : cases) {
    Network network(parse_network(Shape::vector(6), {name}), Random(1));
    const auto x = noise({4, 6}, 4);
    EXPECT_TRUE(torch::allclose(run(network, x), function(x))) << name;
  }
}

TEST(Shortcut, AddsWithZerosForNewChannels) {
  // The main branch is a convolution whose weights are then set to 0.
  Network network(
      parse_network(
          Shape::map(2, 5, 5),
          {"shortcut", "conv(channels=3, stride=2, padding=1, weights=real)",
           "add"}),
      Random(1));
  {
    torch::NoGradGuard no_gradient;
    network.named_parameters()["1.weight"].zero_();
  }
  const auto x = noise({2, 50}, 5);
  const auto maps = x.view({2, 2, 5, 5}).permute({0, 2, 3, 1});
  const auto y = run(network, x);
  ASSERT_EQ(y.sizes(), at::IntArrayRef({2, 3, 3, 3}));
  const auto every_second =
      maps.slice(1, 0, c10::nullopt, 2).slice(2, 0, c10::nullopt, 2);
  EXPECT_TRUE(y.narrow(3, 0, 2).equal(every_second));
  EXPECT_TRUE(y.select(3, 2).equal(torch::zeros({2, 3, 3})));
}

TEST(Shortcut, BlocksNest) {
  Network network(parse_network(Shape::vector(3),
                                {"shortcut", "shortcut", "tanh", "add", "add"}),
                  Random(1));
  const auto x = noise({4, 3}, 6);
  EXPECT_TRUE(torch::allclose(run(network, x), x.tanh() + x + x));
}

// A shortcut of vectors meets samples: [K, B, n] + [B, n].
TEST(Shortcut, MeetsSamplesOfUnits) {
  Network network(
      parse_network(Shape::vector(3),
                    {"linear(outputs=3, weights=real)", "shortcut", "units",
                     "linear(outputs=3, weights=real)", "add"}),
      Random(1));
  network.eval();
  const auto x = noise({4, 3}, 6);
  Tensor y;
  BoundEstimator("exact")(
      [&](Sampler& sampler) {
        y = network.forward(x, sampler);
        return y.square().sum(-1);
      },
      Random(2));
  EXPECT_EQ(y.sizes(), at::IntArrayRef({8, 4, 3}));
  const auto own = network.named_parameters();
  const auto first = x.matmul(own["0.weight"].t());
  // All eight states, in some order: each output less the first layer's is one
  // of the eight products.
  const auto rest = (y - first).detach();
  for (int64_t k = 0; k < 8; ++k)
    EXPECT_LT((rest[k] - rest[k][0]).abs().max().item<double>(), 1e-5);
}

TEST(Units, AreDeterministicWhereTheLayerSaysSo) {
  Network network(
      parse_network(Shape::vector(4), {"units(deterministic=true)", "units"}),
      Random(1));
  network.train();
  auto x = noise({200, 4}, 7).requires_grad_();
  const BoundEstimator st("st");
  std::vector<Tensor> outputs;
  st(
      [&](Sampler& sampler) {
        return network
            .forward(x, sampler,
                     [&](size_t, const Tensor& h) { outputs.push_back(h); })
            .sum(1);
      },
      Random(3));
  EXPECT_TRUE(outputs[0].equal(signs_of(x)));
  // P(x = a's sign) = sigma(2): not all of 800 units stay.
  EXPECT_FALSE(outputs[1].equal(outputs[0]));
  outputs[0].sum().backward();
  const auto t = x.detach().tanh();
  EXPECT_TRUE(torch::allclose(x.grad(), 1 - t * t, 1e-4, 1e-5));
}

std::string error_of(const Shape& input,
                     const std::vector<std::string>& layers) {
  try {
    parse_network(input, layers);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(NetworkSpec, NamesBothLayersWhoseShapesDoNotMeet) {
  const auto map = Shape::map(1, 28, 28);
  EXPECT_EQ(error_of(map, {"conv(channels=8)", "linear(outputs=3)"}),
            "network.layers[1]: 1.linear after 0.conv (8x26x26) wants a "
            "vector, but gets 8x26x26: put \"flatten\" between them");
  EXPECT_EQ(error_of(map, {"linear(outputs=8)", "conv(channels=3)"}),
            "network.layers[1]: 1.conv after 0.linear (8) wants a map, but "
            "gets a vector of 8");
  EXPECT_EQ(error_of(map, {"max-pool(size=20)", "conv(channels=3)"}),
            "network.layers[1]: 1.conv after 0.max-pool (1x1x1) has a kernel "
            "of 3x3, which does not fit into 1x1x1 with padding 0");
  EXPECT_EQ(error_of(map, {"flatten", "max-pool"}),
            "network.layers[1]: 1.max-pool after 0.flatten (784) wants a map, "
            "but gets a vector of 784");
  EXPECT_EQ(error_of(map, {"conv(channels=2)", "shortcut",
                           "conv(channels=1, padding=1)", "add"}),
            "network.layers[3]: 3.add after 2.conv (1x26x26) adds 2x26x26 of "
            "layer 1.shortcut to 1x26x26: the shortcut must be as large or "
            "larger by a whole stride, with no more channels");
  EXPECT_EQ(error_of(map, {"relu", "add"}),
            "network.layers[1]: 1.add after 0.relu (1x28x28) has no open "
            "shortcut before it");
  EXPECT_EQ(error_of(map, {"relu", "shortcut"}),
            "network.layers: 1.shortcut has no 'add' after it");
  EXPECT_EQ(error_of(map, {"dropout", "linear(outputs=3)"}), "no error");
}

TEST(NetworkSpec, CountsTheWeightsAndProductsOfVgg28) {
  const std::vector<std::string> layers = {"conv(channels=64, padding=1)",
                                           "batch-norm",
                                           "units",
                                           "conv(channels=64, padding=1)",
                                           "max-pool",
                                           "batch-norm",
                                           "units",
                                           "conv(channels=128, padding=1)",
                                           "batch-norm",
                                           "units",
                                           "conv(channels=128, padding=1)",
                                           "max-pool",
                                           "batch-norm",
                                           "units",
                                           "flatten",
                                           "linear(outputs=512)",
                                           "batch-norm",
                                           "units",
                                           "linear(outputs=10)",
                                           "batch-norm"};
  LayerCost total;
  for (const auto& row :
       summarize(parse_network(Shape::map(1, 28, 28), layers))) {
    total.binary_weights += row.cost.binary_weights;
    total.binary_macs += row.cost.binary_macs;
  }
  EXPECT_EQ(total.binary_weights,
            9 * (64 + 64 * 64 + 64 * 128 + 128 * 128) + 6272 * 512 + 5120);
  EXPECT_EQ(total.binary_macs, 784 * 9 * (64 + 64 * 64) +
                                   196 * 9 * (64 * 128 + 128 * 128) +
                                   6272 * 512 + 5120);
}

TEST(Shape, ReadsWhatItWrites) {
  for (const auto& shape : {Shape::vector(784), Shape::map(3, 32, 31)})
    EXPECT_EQ(Shape::parse(shape.text()), shape);
  for (const auto* wrong : {"", "x", "3x4", "1x2x3x4", "0", "3x-1x2", "7 "})
    EXPECT_THROW(Shape::parse(wrong), UsageError) << wrong;
}

/// bfloat16 holds signs, pixels and even sums up to 512 exactly, so the mode
/// of a small network is the same in both.
TEST(Network, TrainsWithBfloat16Products) {
  const auto spec =
      parse_network(Shape::map(1, 8, 8),
                    {"conv(channels=6, padding=1)", "batch-norm", "units",
                     "max-pool", "conv(channels=4)", "batch-norm", "units",
                     "flatten", "linear(outputs=3)", "batch-norm"});
  const auto x = ((noise({20, 64}, 8) + 2) * 2).floor();
  Network exact(spec, Random(5)), rounded(spec, Random(5));
  rounded.set_precision(at::kBFloat16);
  std::vector<Tensor> gradients[2];
  int which = 0;
  for (auto* network : {&exact, &rounded}) {
    network->train();
    Tensor logits;
    const auto estimate = BoundEstimator("st")(
        [&](Sampler& sampler) {
          logits = network->forward(x, sampler);
          return logits.square().sum(1);
        },
        Random(7));
    EXPECT_EQ(logits.scalar_type(), at::kFloat);
    estimate.surrogate.mean().backward();
    for (const auto& p : network->parameters())
      gradients[which].push_back(p.grad());
    ++which;
  }
  for (size_t i = 0; i < gradients[0].size(); ++i) {
    const auto &g = gradients[0][i], &h = gradients[1][i];
    EXPECT_EQ(h.scalar_type(), at::kFloat);
    EXPECT_LT((g - h).norm().item<double>(), 0.03 * g.norm().item<double>())
        << i;
  }
  EXPECT_THROW(exact.set_precision(at::kInt), UsageError);
}

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

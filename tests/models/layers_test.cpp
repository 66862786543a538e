// The kinds of layers against plain loops, and how they compose.

#include <gtest/gtest.h>

#include <functional>

#include "signet/base/error.h"
#include "signet/core/estimator.h"
#include "signet/core/samplers.h"
#include "signet/core/torch.h"
#include "signet/models/network.h"
#include "tests/models/small_networks.h"

namespace signet {
namespace {

Tensor signs_of(const Tensor& t) {
  return torch::where(t >= 0, 1.0, -1.0).to(t.dtype());
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

/// bfloat16 holds signs, pixels and even sums up to 512 exactly, so the mode
/// of a small network is the same in both.
TEST(Network, TrainsWithBfloat16Products) {
  const auto spec =
      parse_network(Shape::map(1, 8, 8),
                    {"conv(channels=6, padding=1)", "batch-norm", "units",
                     "max-pool", "conv(channels=4)", "batch-norm", "units",
                     "flatten", "linear(outputs=3)", "batch-norm"});
  const auto x = ((noise({20, 64}, 8) + 2) * 2).floor();
  // Not a sum of squares: batch norm fixes that, so its gradients are rounding.
  const auto target = noise({20, 3}, 9);
  Network exact(spec, Random(5)), rounded(spec, Random(5));
  rounded.set_precision(at::kBFloat16);
  std::vector<Tensor> gradients[2];
  Tensor scores[2];
  int which = 0;
  for (auto* network : {&exact, &rounded}) {
    network->train();
    Tensor logits;
    const auto estimate = BoundEstimator("st")(
        [&](Sampler& sampler) {
          logits = network->forward(x, sampler);
          return (logits - target).abs().sum(1);
        },
        Random(7));
    EXPECT_EQ(logits.scalar_type(), at::kFloat);
    scores[which] = logits.detach();
    estimate.surrogate.mean().backward();
    for (const auto& p : network->parameters())
      gradients[which].push_back(p.grad());
    ++which;
  }
  EXPECT_TRUE(scores[0].equal(scores[1]));
  // A rounding is 2^-9, and batch norm takes away what the gradients have in
  // common: a few per cent. Without the instructions LibTorch also sums in
  // bfloat16: 28 % on a Zen 3.
  const double error = __builtin_cpu_supports("avx512bf16") ? 0.1 : 0.5;
  for (size_t i = 0; i < gradients[0].size(); ++i) {
    const auto &g = gradients[0][i], &h = gradients[1][i];
    EXPECT_EQ(h.scalar_type(), at::kFloat);
    EXPECT_GT(g.norm().item<double>(), 1e-3) << i;
    EXPECT_LT((g - h).norm().item<double>(), error * g.norm().item<double>())
        << i;
  }
  EXPECT_THROW(exact.set_precision(at::kInt), UsageError);
}

}  // namespace
}  // namespace signet

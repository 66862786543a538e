#include "signet/models/network.h"

#include <gtest/gtest.h>

#include "signet/base/error.h"
#include "signet/core/samplers.h"
#include "signet/core/states.h"
#include "signet/core/torch.h"
#include "signet/models/batch_norm.h"

namespace signet {
namespace {

Tensor noise(at::IntArrayRef shape, uint32_t step) {
  return Random(9).at_step(step).site(RandomUse::user).uniform(shape) * 4 - 2;
}

double distance(const Tensor& a, const Tensor& b) {
  return (a - b).abs().max().item<double>();
}

/// What a layer of a sampled network computes.
Tensor forward(BatchNorm& norm, const Tensor& x) {
  IndependentSampler sampler(Random(1));
  const Random random(1);
  ForwardPass pass{.sampler = sampler, .random = random};
  return norm.forward(x, pass);
}

TEST(BatchNorm, TrainsByTheUsualFormula) {
  BatchNorm norm(5, {.momentum = 0.3, .epsilon = 1e-3});
  {
    torch::NoGradGuard no_gradient;
    norm.weight.copy_(noise({5}, 1));
    norm.bias.copy_(noise({5}, 2));
  }
  const auto x = noise({2, 4, 5}, 3).requires_grad_();
  const auto rows = x.view({8, 5}).to(torch::kDouble);
  const auto mean = rows.mean(0), variance = rows.var(0, false);
  const auto expected =
      (rows - mean) / (variance + 1e-3).sqrt() * norm.weight + norm.bias;
  const auto y = forward(norm, x);
  EXPECT_LT(distance(y.view({8, 5}), expected), 1e-5);
  EXPECT_LT(distance(norm.running_mean, 0.3 * mean), 1e-6);
  EXPECT_LT(distance(norm.running_var, 0.7 + 0.3 * variance * 8 / 7), 1e-5);
  const auto g = noise({8, 5}, 4);
  y.backward(g.view({2, 4, 5}));
  const auto mine = x.grad().clone();
  x.mutable_grad() = Tensor();
  expected.backward(g.to(torch::kDouble));
  EXPECT_LT(distance(mine, x.grad()), 1e-4);
}

TEST(BatchNorm, EvaluatesOneAffineMapRoundedOnce) {
  BatchNorm norm(3, {});
  torch::NoGradGuard no_gradient;
  norm.weight.copy_(torch::tensor({1.5F, -0.3F, 0.0F}));
  norm.bias.copy_(torch::tensor({0.1F, 0.2F, -0.3F}));
  norm.running_mean.copy_(torch::tensor({3.3F, -7.1F, 2.0F}));
  norm.running_var.copy_(torch::tensor({11.0F, 0.7F, 5.0F}));
  norm.eval();
  const auto x = noise({100, 3}, 5) * 50;
  const auto y = forward(norm, x);
  for (int64_t c = 0; c < 3; ++c) {
    const double exact_scale =
        norm.weight[c].item<float>() /
        std::sqrt(double{norm.running_var[c].item<float>()} + 1e-5);
    const auto scale = static_cast<float>(exact_scale);
    const auto offset = static_cast<float>(
        -double{norm.running_mean[c].item<float>()} * exact_scale +
        norm.bias[c].item<float>());
    for (int64_t i = 0; i < 100; ++i) {
      EXPECT_EQ(y[i][c].item<float>(),
                static_cast<float>(double{scale} * x[i][c].item<float>() +
                                   double{offset}));
    }
  }
}

TEST(BinaryWeights, AreSignsWithTheIdentityBehindThem) {
  const auto latent =
      torch::tensor({-2.0F, -1e-30F, -0.0F, 0.0F, 3.0F}).requires_grad_();
  const auto w = binary_weights(latent);
  EXPECT_TRUE(w.equal(torch::tensor({-1.0F, -1.0F, 1.0F, 1.0F, 1.0F})));
  const auto g = torch::tensor({1.0F, 2.0F, 3.0F, 4.0F, 5.0F});
  w.backward(g);
  EXPECT_TRUE(latent.grad().equal(g));
}

const std::vector<std::string> kLayers = {
    "linear(outputs=6)",
    "batch-norm",
    "units(encoding=bits)",
    "dropout(rate=0.4)",
    "linear(outputs=5, weights=real, bias=true)",
    "units(noise=triangular)",
    "linear(outputs=3, bias=true)"};

TEST(Network, IsTheCompositionOfItsLayers) {
  Network network(parse_network(Shape::vector(4), kLayers), Random(1));
  network.eval();
  const auto x = noise({7, 4}, 6);
  ModeSampler mode;
  std::vector<Tensor> outputs;
  const auto y = network.forward(
      x, mode, [&](size_t, const Tensor& h) { outputs.push_back(h); });
  const auto p = network.named_parameters();
  const auto sign = [](const Tensor& t) {
    return torch::where(t >= 0, 1.0, -1.0).to(torch::kFloat);
  };
  auto h = x.matmul(sign(p["0.latent"]).t());
  EXPECT_LT(distance(outputs[0], h), 1e-5);
  h = (h / std::sqrt(1 + 1e-5) >= 0).to(torch::kFloat);
  EXPECT_TRUE(outputs[3].equal(h));
  h = sign(h.matmul(p["4.weight"].t()) + p["4.bias"]);
  h = h.matmul(sign(p["6.latent"]).t()) + p["6.bias"];
  EXPECT_EQ(outputs.size(), kLayers.size());
  EXPECT_LT(distance(y, h), 1e-5);
}

TEST(Network, BroadcastsOverSamples) {
  Network network(parse_network(Shape::vector(4), kLayers), Random(1));
  network.eval();
  const auto x = noise({7, 4}, 6);
  const Objective first_class = [&](Sampler& sampler) {
    return network.forward(x, sampler).select(-1, 0);
  };
  const StateSpace space(first_class);
  EXPECT_EQ(space.units(), 11);
  const auto path =
      run_path(first_class, Random(1), {.given = space.states(0, 2048)});
  EXPECT_EQ(path.loss.sizes(), at::IntArrayRef({2048, 7}));
  EXPECT_LT(
      distance(state_log_probability(path).exp().sum(0), torch::ones({7})),
      1e-5);
}

/// A network with every kind of parameter.
std::shared_ptr<Network> network_with_everything() {
  auto network = std::make_shared<Network>(
      parse_network(Shape::vector(6),
                    {"linear(outputs=5)", "batch-norm", "units",
                     "linear(outputs=4, weights=real, bias=true)",
                     "units(encoding=bits)", "linear(outputs=3, bias=true)"}),
      Random(3));
  network->eval();
  return network;
}

/// Replicate r of a network with an axis of replicates is the network with the
/// parameters of that replicate, and so are its gradients.
TEST(Network, ComputesWithReplicatesOfItsParameters) {
  const auto network = network_with_everything();
  constexpr int64_t kReplicates = 3;
  const auto x = noise({7, 6}, 1);
  std::vector<Tensor> replicated;
  uint32_t step = 10;
  for (const auto& p : network->parameters()) {
    auto shape = p.sizes().vec();
    shape.insert(shape.begin(), kReplicates);
    replicated.push_back(noise(shape, step++).requires_grad_());
  }
  // Units without gradient, then the sum of a smooth function of the outputs.
  const auto weights = noise({7, 3}, 2);
  network->compute_with(replicated);
  ModeSampler sampler;
  const auto y = network->forward(x, sampler);
  ASSERT_EQ(y.sizes(), at::IntArrayRef({kReplicates, 7, 3}));
  (y.square() * weights).sum().backward();
  for (int64_t r = 0; r < kReplicates; ++r) {
    std::vector<Tensor> one;
    for (const auto& p : replicated)
      one.push_back(p.detach()[r].clone().requires_grad_());
    network->compute_with(one);
    const auto alone = network->forward(x, sampler);
    EXPECT_LT(distance(y[r], alone), 1e-4);
    (alone.square() * weights).sum().backward();
    for (size_t i = 0; i < one.size(); ++i) {
      ASSERT_EQ(one[i].grad().defined(), replicated[i].grad().defined());
      if (!one[i].grad().defined()) continue;
      EXPECT_LT(distance(one[i].grad(), replicated[i].grad()[r]), 1e-3) << i;
    }
  }
}

TEST(Network, RefusesParametersOfAnotherShape) {
  const auto network = network_with_everything();
  auto parameters = network->parameters();
  parameters.pop_back();
  EXPECT_THROW(network->compute_with(parameters), UsageError);
  parameters = network->parameters();
  parameters[0] = parameters[0].unsqueeze(0).expand({2, -1, -1});
  parameters[1] = parameters[1].unsqueeze(0).expand({3, -1});
  EXPECT_THROW(network->compute_with(parameters), UsageError);
  parameters[1] = torch::zeros({4});
  EXPECT_THROW(network->compute_with(parameters), UsageError);
}

TEST(Network, SeedsDecideTheInitialWeights) {
  const auto spec = parse_network(Shape::vector(4), kLayers);
  Network a(spec, Random(1)), b(spec, Random(1)), c(spec, Random(2));
  for (const auto* name : {"0.latent", "4.weight", "6.latent"}) {
    EXPECT_TRUE(a.named_parameters()[name].equal(b.named_parameters()[name]));
    EXPECT_FALSE(a.named_parameters()[name].equal(c.named_parameters()[name]));
  }
}

TEST(Network, DropoutIsSeededAndOnlyForTraining) {
  Network network(parse_network(Shape::vector(1000), {"dropout(rate=0.25)"}),
                  Random(1));
  ModeSampler mode;
  const auto x = torch::ones({100, 1000});
  network.set_dropout_random(Random(3));
  const auto y = network.forward(x, mode);
  EXPECT_TRUE(y.equal(network.forward(x, mode)));
  network.set_dropout_random(Random(4));
  EXPECT_FALSE(y.equal(network.forward(x, mode)));
  EXPECT_TRUE(((y == 0) | (y == 1 / 0.75F)).all().item<bool>());
  // 100,000 Bernoulli(3/4) / 0.75: standard error 1.8e-3.
  EXPECT_NEAR(y.mean().item<double>(), 1, 1.2e-2);
  network.eval();
  EXPECT_TRUE(network.forward(x, mode).equal(x));
}

TEST(NetworkSpec, SummarizesThePerceptron) {
  const auto rows = summarize(parse_network(
      Shape::vector(784),
      {"linear(outputs=1024)", "batch-norm", "units", "linear(outputs=1024)",
       "batch-norm(affine=false)", "units", "linear(outputs=10, bias=true)"}));
  LayerCost total;
  for (const auto& row : rows) {
    total.binary_weights += row.cost.binary_weights;
    total.binary_macs += row.cost.binary_macs;
    total.real_weights += row.cost.real_weights;
  }
  EXPECT_EQ(total.binary_weights, 1861632);
  EXPECT_EQ(total.binary_macs, 1861632);
  EXPECT_EQ(total.real_weights, 4 * 1024 + 2 * 1024 + 10);
  EXPECT_EQ(rows[3].name, "3.linear");
  EXPECT_EQ(rows[3].bytes(), 1024 * 1024 / 8);
  EXPECT_EQ(rows[6].output.values(), 10);
}

std::string error_of(int64_t inputs, const std::vector<std::string>& layers) {
  try {
    parse_network(Shape::vector(inputs), layers);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(NetworkSpec, SaysWhichLayerIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"liner(outputs=3)", "unknown layer 'liner': did you mean 'linear'?"},
      {"linear", "linear: outputs must be given"},
      {"linear(outputs=0)",
       "linear: outputs must be a whole number in [1, 1048576], but got '0'"},
      {"linear(outputs=2, wieghts=real)",
       "linear: unknown parameter 'wieghts': did you mean 'weights'?"},
      {"units(noise=gausian)", "units: noise must be one of "},
      {"dropout(rate=1)", "dropout: rate must be in [0, 0.999], but got '1'"}};
  for (const auto& [layer, message] : cases) {
    const auto expected = "network.layers[1]: " + message;
    EXPECT_EQ(error_of(4, {"units", layer}).substr(0, expected.size()),
              expected);
  }
  EXPECT_EQ(error_of(4, {}), "network.layers: must name at least one layer");
  EXPECT_EQ(error_of(0, {"units"}),
            "network.inputs: must be from 1 to 67108864, but got 0");
}

TEST(Network, RefusesInputsOfAnotherWidth) {
  Network network(parse_network(Shape::vector(4), kLayers), Random(1));
  ModeSampler mode;
  EXPECT_THROW(network.forward(torch::ones({2, 5}), mode), UsageError);
  EXPECT_THROW(network.forward(torch::ones({2, 4}, torch::kInt), mode),
               UsageError);
  EXPECT_THROW(network.forward(torch::ones({1, 4}), mode), UsageError)
      << "batch norm cannot train on one example";
}

}  // namespace
}  // namespace signet

#include "signet/experiments/conversion.h"

#include <gtest/gtest.h>

#include "signet/core/noise.h"
#include "signet/core/samplers.h"
#include "signet/core/torch.h"
#include "signet/experiments/checkpoint.h"
#include "signet/experiments/training.h"
#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

Network network_of(const std::vector<std::string>& layers, uint64_t seed) {
  return {parse_network(Shape::vector(6), layers), Random(seed)};
}

const std::vector<std::string> kReal = {
    "linear(outputs=5, weights=real, bias=true)", "batch-norm", "tanh",
    "linear(outputs=3, weights=real, bias=true)"};

Network real_network() {
  auto network = network_of(kReal, 1);
  torch::NoGradGuard no_gradient;
  torch::manual_seed(5);
  for (auto& [name, tensor] : network_state(network))
    tensor.copy_(name == "1.running_var" ? torch::rand({5}) + 0.5
                                         : torch::randn(tensor.sizes()));
  return network;
}

// 2 F(eta) - 1 = w / s; with means in place of binary weights the network
// computes what the real one does, the last layer divided by its s.
TEST(Conversion, KeepsTheMeanOfEveryWeight) {
  torch::NoGradGuard no_gradient;
  auto source = real_network();
  const auto from = network_state(source);
  const auto s0 = from.at("0.weight").abs().max().item<double>();
  const auto s3 = from.at("3.weight").abs().max().item<double>();
  auto target = network_of({"linear(outputs=5, bias=true)", "batch-norm",
                            "tanh", "linear(outputs=3, bias=true)"},
                           2);
  start_from(target, from);
  const auto state = network_state(target);
  EXPECT_TRUE(at::allclose(proxy(uniform_noise(), state.at("0.latent")),
                           from.at("0.weight") / s0));
  EXPECT_TRUE(state.at("1.weight").equal(from.at("1.weight")));

  auto means = real_network();
  auto mean_state = network_state(means);
  for (const auto& [name, tensor] : state)
    mean_state
        .at(name == "0.latent"   ? "0.weight"
            : name == "3.latent" ? "3.weight"
                                 : name)
        .copy_(tensor);
  source.eval();
  means.eval();
  ModeSampler mode;
  const auto x = torch::randn({7, 6});
  EXPECT_TRUE(at::allclose(means.forward(x, mode) * s3, source.forward(x, mode),
                           1e-3, 1e-4));
}

// A rule sees its own F behind binary weights: theta = F(eta).
TEST(Conversion, BinaryWeightsHaveTheMeanOfTheirRule) {
  torch::NoGradGuard no_gradient;
  const auto source = network_of({"linear(outputs=50, weights=real)"}, 1);
  const auto w = network_state(source).at("0.weight");
  const auto mean = (w / w.abs().max()).clamp(-0.998, 0.998);
  const std::vector<std::pair<std::string, std::function<Tensor(Tensor)>>>
      rules = {
          {"binaryconnect", [](Tensor eta) { return eta; }},
          {"mirror-descent(divergence=euclidean)",
           [](Tensor eta) { return eta; }},
          {"mirror-descent(divergence=kl)",
           [](Tensor eta) { return 2 * eta.sigmoid() - 1; }},
          {"mirror-descent(divergence=mean-kl)",
           [](Tensor eta) { return eta.tanh(); }},
          {"mirror-descent(divergence=laplace)",
           [](Tensor eta) { return eta.sign() * (1 - (-eta.abs()).exp()); }},
          {"bayesbinn", [](Tensor eta) { return eta.tanh(); }}};
  for (const auto& [rule, mean_of] : rules) {
    auto target = network_of({"linear(outputs=50)"}, 2);
    start_from(target, network_state(source), BoundRule(rule));
    const auto eta = network_state(target).at("0.latent");
    EXPECT_TRUE(
        at::allclose(mean_of(eta).clamp(-0.998, 0.998), mean, 1e-4, 1e-5))
        << rule;
  }
}

TEST(Conversion, StochasticWeightsHaveTheMeanByTheirOwnNoise) {
  torch::NoGradGuard no_gradient;
  const auto source = network_of({"linear(outputs=50, weights=real)"}, 1);
  const auto w = network_state(source).at("0.weight");
  const auto mean = w / w.abs().max();
  for (const std::string noise : {"logistic", "gaussian", "uniform"}) {
    auto target = network_of(
        {"linear(outputs=50, weights=stochastic, noise=" + noise + ")"}, 2);
    start_from(target, network_state(source));
    const auto eta = network_state(target).at("0.latent");
    EXPECT_TRUE(torch::isfinite(eta).all().item<bool>());
    EXPECT_TRUE(at::allclose(proxy(find_noise(noise), eta),
                             mean.clamp(-0.9981, 0.9981), 1e-4, 2e-3))
        << noise;
  }
}

TEST(Conversion, NamesTheFirstMismatch) {
  const auto source = network_state(real_network());
  const auto error_with = [&](const std::vector<std::string>& layers) {
    return error_of([&] {
      auto target = network_of(layers, 2);
      start_from(target, source);
    });
  };
  EXPECT_EQ(error_with({"linear(outputs=4, bias=true)"}),
            "train.from: layer 0.linear: 0.bias must be [4], but the run's "
            "0.bias is [5]");
  EXPECT_EQ(error_with({"linear(outputs=5)", "batch-norm", "units",
                        "linear(outputs=3)"}),
            "train.from: the run has 0.bias, for which the network has no "
            "place");
  EXPECT_EQ(error_with(
                {"linear(outputs=5, bias=true)", "units", "linear(outputs=3)"}),
            "train.from: layer 2.linear: the run has no 2.weight for its "
            "2.latent");
}

TEST(Conversion, ATrainedRunIsTheStartOfAnother) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  recipe.network.layers = {"linear(outputs=16, weights=real)", "batch-norm",
                           "tanh", "linear(outputs=3, weights=real)",
                           "batch-norm"};
  recipe.train.epochs = 4;
  const auto real = train(recipe, {.out = folder / "real"});
  EXPECT_GT(real.test.accuracy(), 0.9);
  recipe.network.layers = {"linear(outputs=16)", "batch-norm", "units",
                           "linear(outputs=3)", "batch-norm"};
  recipe.train.from = folder / "real";
  recipe.train.init_batch = 200;
  recipe.train.epochs = 1;
  recipe.optimizer.rate = 0;
  const auto binary = train(recipe, {.out = folder / "binary"});
  // Not trained at all, yet far from one in three.
  EXPECT_GT(binary.test.accuracy(), 0.7);
  EXPECT_EQ(load_recipe(folder / "binary/recipe.toml").train.from,
            folder / "real");
  recipe.train.from = folder / "none";
  EXPECT_NE(error_of([&] {
              train(recipe, {.out = folder / "c"});
            }).find("no such folder"),
            std::string::npos);
}

}  // namespace
}  // namespace signet

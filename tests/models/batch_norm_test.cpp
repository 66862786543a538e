#include "signet/models/batch_norm.h"
#include "signet/models/network.h"

#include <gtest/gtest.h>

#include "signet/base/error.h"
#include "signet/core/normalized_units.h"
#include "signet/core/random.h"
#include "signet/core/samplers.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Tensor numbers(at::IntArrayRef shape, uint32_t index) {
  return Random(9).site(RandomUse::user, index).uniform(shape) * 4 - 2;
}

void set(BatchNorm& norm) {
  torch::NoGradGuard no_gradient;
  const int64_t channels = norm.running_mean.size(0);
  if (norm.weight.defined()) norm.weight.copy_(numbers({channels}, 1));
  if (norm.bias.defined()) norm.bias.copy_(numbers({channels}, 2));
  norm.running_mean.copy_(numbers({channels}, 3));
  norm.running_var.copy_(numbers({channels}, 4).abs());
}

double distance(const Tensor& a, const Tensor& b) {
  return (a.to(torch::kDouble) - b).abs().max().item<double>();
}

/// What a layer of a sampled network computes.
Tensor forward(BatchNorm& norm, const Tensor& x) {
  IndependentSampler sampler(Random(1));
  const Random random(1);
  ForwardPass pass{.sampler = sampler, .random = random};
  return norm.forward(x, pass);
}

TEST(BatchNormTraining, IsATens) {
  for (const bool affine : {true, false}) {
    BatchNorm norm(11, {.momentum = 0.3, .epsilon = 1e-3, .affine = affine});
    set(norm);
    const auto wide = [](const Tensor& t) {
      return t.defined() ? t.detach().to(torch::kDouble).requires_grad_()
                         : Tensor();
    };
    const auto x = numbers({4, 6, 5, 11}, 5).requires_grad_();
    const auto exact_x = wide(x);
    const auto weight = wide(norm.weight), bias = wide(norm.bias);
    auto mean = norm.running_mean.to(torch::kDouble);
    auto variance = norm.running_var.to(torch::kDouble);
    const auto exact = at::batch_norm(exact_x.view({120, 11}), weight, bias,
                                      mean, variance, true, 0.3, 1e-3, false)
                           .view(x.sizes());
    const auto y = forward(norm, x);
    EXPECT_LT(distance(y, exact), 1e-5);
    EXPECT_LT(distance(norm.running_mean, mean), 1e-6);
    EXPECT_LT(distance(norm.running_var, variance), 1e-6);
    const auto g = numbers(x.sizes(), 6);
    y.backward(g);
    exact.backward(g.to(torch::kDouble));
    EXPECT_LT(distance(x.grad(), exact_x.grad()), 1e-5);
    if (!affine) continue;
    EXPECT_LT(distance(norm.weight.grad(), weight.grad()), 1e-4);
    EXPECT_LT(distance(norm.bias.grad(), bias.grad()), 1e-4);
  }
}

TEST(BatchNormTraining, NormalizeGivesWhatForwardWrites) {
  BatchNorm norm(5, {}), other(5, {});
  set(norm);
  set(other);
  const auto x = numbers({30, 5}, 7);
  const auto logits = norm.normalize(x);
  EXPECT_TRUE(logits.value().equal(forward(other, x)));
  EXPECT_TRUE(norm.running_mean.equal(other.running_mean));
  EXPECT_TRUE(norm.running_var.equal(other.running_var));
  // In bfloat16 the values may be a little different, the running moments
  // stay in float.
  const auto low = norm.normalize(x.to(torch::kBFloat16));
  EXPECT_EQ(low.x.scalar_type(), torch::kBFloat16);
  EXPECT_EQ(low.mean.scalar_type(), torch::kFloat);
  EXPECT_EQ(norm.running_var.scalar_type(), torch::kFloat);
  EXPECT_LT(distance(low.value(), logits.value().to(torch::kDouble)), 0.05);
  EXPECT_EQ(deterministic_units(low, {}).scalar_type(), torch::kBFloat16);
  // A layout of its own is the same numbers.
  const auto strided = x.t().contiguous().t();
  EXPECT_TRUE(norm.normalize(strided).value().equal(logits.value()));
  EXPECT_TRUE(deterministic_units(norm.normalize(strided), {})
                  .equal(deterministic_units(logits, {})));
}

TEST(BatchNormTraining, RefusesOneRow) {
  BatchNorm norm(5, {});
  EXPECT_THROW(forward(norm, torch::zeros({1, 5})), UsageError);
  EXPECT_THROW(norm.normalize(torch::zeros({2, 4})), UsageError);
  EXPECT_NO_THROW(forward(norm, torch::zeros({2, 5})));
}

// The mode of a network has the moments of its own sums, the mean over the
// batches; sampled units keep the running ones.
TEST(ModeStatistics, AreThoseOfTheModeNetwork) {
  Network network(
      parse_network(Shape::vector(4),
                    {"linear(outputs=6)", "batch-norm", "units",
                     "dropout(rate=0.5)", "linear(outputs=3)", "batch-norm"}),
      Random(1));
  auto& last = dynamic_cast<BatchNorm&>(network.layer(5));
  const auto latent = network.named_parameters()["4.latent"].detach();
  const std::vector<Tensor> batches = {numbers({50, 4}, 1),
                                       numbers({50, 4}, 2) + 1};
  ModeSampler mode;
  network.eval();
  torch::NoGradGuard no_gradient;
  const auto before = network.forward(batches[0], mode);
  network.fit_mode_statistics(batches);
  EXPECT_EQ(last.mode_batches.item<int64_t>(), 2);
  // By hand: signs of the first batch norm by the moments of each batch.
  const auto w =
      torch::where(network.named_parameters()["0.latent"] >= 0, 1.0, -1.0)
          .to(torch::kDouble);
  const auto v = torch::where(latent >= 0, 1.0, -1.0).to(torch::kDouble);
  auto mean = torch::zeros({3}, torch::kDouble), variance = mean.clone();
  for (const auto& x : batches) {
    const auto sums = x.to(torch::kDouble).matmul(w.t());
    const auto units =
        torch::where(sums >= sums.mean(0), 1.0, -1.0).to(torch::kDouble);
    const auto next = units.matmul(v.t());
    mean += next.mean(0) / 2;
    variance += next.var(0, true) / 2;
  }
  EXPECT_LT(distance(last.mode_mean, mean), 1e-5);
  EXPECT_LT(distance(last.mode_var, variance), 1e-5);
  EXPECT_TRUE(last.running_mean.equal(torch::zeros({3})));
  EXPECT_FALSE(network.is_training());
  const auto after = network.forward(batches[0], mode);
  EXPECT_FALSE(after.equal(before));
  // Sampled: the running statistics, as if nothing had been collected.
  const auto sampled = [&] {
    IndependentSampler sampler(Random(3));
    return network.forward(batches[0], sampler);
  };
  const auto with = sampled();
  last.mode_batches.zero_();
  dynamic_cast<BatchNorm&>(network.layer(1)).mode_batches.zero_();
  EXPECT_TRUE(sampled().equal(with));
  EXPECT_TRUE(network.forward(batches[0], mode).equal(before));
}

}  // namespace
}  // namespace signet

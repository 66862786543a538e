#include <gtest/gtest.h>

#include "signet/core/samplers.h"
#include "signet/core/torch.h"
#include "signet/models/batch_norm.h"
#include "signet/models/network.h"
#include "signet/models/weights.h"

namespace signet {
namespace {

Tensor numbers(at::IntArrayRef shape, uint32_t index) {
  return Random(4).site(RandomUse::user, index).uniform(shape) * 4 - 2;
}

/// A network whose numbers are all something.
Network network_of(const Shape& input, const std::vector<std::string>& layers) {
  Network network(parse_network(input, layers), Random(1));
  torch::NoGradGuard no_gradient;
  uint32_t index = 1;
  for (auto& item : network.named_parameters())
    item.value().copy_(numbers(item.value().sizes(), ++index));
  for (auto& item : network.named_buffers()) {
    if (item.value().is_floating_point())
      item.value().copy_(numbers(item.value().sizes(), ++index).abs());
  }
  network.eval();
  return network;
}

const std::vector<std::vector<std::string>> kMaps = {
    {"conv(channels=4, bias=true)", "batch-norm"},
    {"conv(channels=4, bias=true)", "max-pool", "dropout", "max-pool",
     "batch-norm(affine=false)"},
    {"conv(channels=4, weights=real, bias=true)", "max-pool", "batch-norm"}};

// Batch norm of s + b is one rounding of scale s + offset, whose offset has the
// bias in it; near the formula in double.
TEST(LeftBias, IsPartOfTheOffset) {
  torch::NoGradGuard no_gradient;
  const auto x = (numbers({9, 200}, 1) * 60).round();
  ModeSampler mode;
  for (const auto& layers : kMaps) {
    auto network = network_of(Shape::map(2, 10, 10), layers);
    const auto& conv = dynamic_cast<WeightedLayer&>(network.layer(0));
    const auto& norm =
        dynamic_cast<BatchNorm&>(network.layer(layers.size() - 1));
    EXPECT_TRUE(conv.leaves_bias());
    Tensor sums;
    const auto y =
        network.forward(x, mode, [&](size_t i, const Tensor& output) {
          if (i + 2 == layers.size()) sums = output;
        });
    EXPECT_EQ(sums.equal(sums.round()), conv.latent.defined());
    const auto folded = norm.folded(true, conv.bias);
    EXPECT_TRUE(y.equal(apply_affine(sums, folded)));
    const auto wide = [](const Tensor& t) { return t.to(torch::kDouble); };
    auto exact = (wide(sums) + wide(conv.bias) - wide(norm.running_mean)) /
                 (wide(norm.running_var) + 1e-5).sqrt();
    if (norm.weight.defined())
      exact = exact * wide(norm.weight) + wide(norm.bias);
    EXPECT_TRUE(at::allclose(wide(y), exact, 1e-5, 1e-4));
  }
}

// In training the bias is added as ever; what the mode's statistics are taken
// of has it as well.
TEST(LeftBias, IsInTheStatistics) {
  torch::NoGradGuard no_gradient;
  auto network = network_of(
      Shape::vector(5), {"linear(outputs=3, bias=true)", "batch-norm", "units",
                         "linear(outputs=2)"});
  const auto& linear = dynamic_cast<WeightedLayer&>(network.layer(0));
  const auto& norm = dynamic_cast<BatchNorm&>(network.layer(1));
  const auto x = numbers({40, 5}, 1);
  const auto mean =
      (x.matmul(binary_weights(linear.latent).t()) + linear.bias).mean(0);
  network.fit_mode_statistics({x});
  EXPECT_TRUE(at::allclose(norm.mode_mean, mean, 1e-4, 1e-5));
  network.train();
  IndependentSampler sampler(Random(2));
  Tensor output;
  network.forward(x, sampler, [&](size_t i, const Tensor& h) {
    if (i == 0) output = h;
  });
  EXPECT_TRUE(at::allclose(output.mean(0), mean, 1e-4, 1e-5));
}

// `signet measure` differentiates the network of evaluation, and many of its
// replicates at once.
TEST(LeftBias, HasItsGradientInEvaluation) {
  for (const bool map : {false, true}) {
    const std::string affine = map ? "(affine=false)" : "";
    auto network =
        map ? network_of(Shape::map(1, 4, 4),
                         {"conv(channels=3, weights=real, bias=true)",
                          "batch-norm" + affine, "tanh", "flatten"})
            : network_of(Shape::vector(16),
                         {"linear(outputs=3, weights=real, bias=true)",
                          "batch-norm" + affine, "tanh"});
    const auto x = numbers({6, 16}, 1);
    ModeSampler mode;
    network.forward(x, mode).square().sum().backward();
    const auto own = network.parameters();
    const auto gradient = own[1].grad();
    const double step = 1e-2;
    auto bias = dynamic_cast<WeightedLayer&>(network.layer(0)).bias;
    const auto loss_at = [&](double by) {
      torch::NoGradGuard no_gradient;
      bias[1] += by;
      const auto value = network.forward(x, mode).square().sum();
      bias[1] -= by;
      return value.item<double>();
    };
    const double slope = (loss_at(step) - loss_at(-step)) / (2 * step);
    EXPECT_NEAR(gradient[1].item<double>(), slope,
                0.02 * std::abs(slope) + 1e-3);

    std::vector<Tensor> replicates;
    for (const auto& p : own)
      replicates.push_back(torch::stack({p.detach(), p.detach() * 0.5}));
    torch::NoGradGuard no_gradient;
    const auto single = network.forward(x, mode);
    network.compute_with(replicates);
    const auto both = network.forward(x, mode);
    EXPECT_TRUE(at::allclose(both[0], single, 1e-5, 1e-6));
    std::vector<Tensor> halves;
    for (const auto& r : replicates) halves.push_back(r[1]);
    network.compute_with(halves);
    EXPECT_TRUE(at::allclose(both[1], network.forward(x, mode), 1e-5, 1e-6));
  }
}

}  // namespace
}  // namespace signet

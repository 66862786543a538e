#include "signet/core/learned_tensors.h"

#include <gtest/gtest.h>

#include "signet/core/running_moments.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Tensor row(std::vector<double> values) {
  return torch::tensor(values, torch::kDouble);
}

TEST(LearnedTensors, DescendOnAQuadratic) {
  EstimatorState state;
  for (int step = 0; step < 400; ++step) {
    LearnedTensors learned(state, "p.", 0.05);
    const auto v = learned("v", [] { return row({1, -2}); });
    const auto unused = learned.number("w", 4, v);
    learned.descend((v - row({0.5, 3})).square().sum());
  }
  EXPECT_TRUE(torch::allclose(state.tensors.at("p.v"), row({0.5, 3}), 0, 1e-2));
  EXPECT_EQ(state.tensors.at("p.w").item<double>(), 4);
}

TEST(LearnedTensors, StayWhenFrozenOrOverflown) {
  EstimatorState state;
  const auto step = [&](double rate, double factor) {
    LearnedTensors learned(state, "", rate);
    const auto v = learned("v", [] { return row({1, -2}); });
    EXPECT_EQ(v.requires_grad(), learned.learning());
    learned.descend((v * factor).sum());
  };
  step(0, 1);
  step(0.1, std::numeric_limits<double>::infinity());
  state.learning = false;
  step(0.1, 1);
  EXPECT_TRUE(state.tensors.at("v").equal(row({1, -2})));
}

TEST(LearnedTensors, ANetworkStartsAtZeroAndFitsAParabola) {
  EstimatorState state;
  const auto x = torch::linspace(-1, 1, 41, torch::kDouble).unsqueeze(1);
  double error = 0;
  for (int step = 0; step < 1000; ++step) {
    LearnedTensors learned(state, "", 0.01);
    const auto y = small_network(learned, "net", x, 16, 1);
    if (step == 0) {
      EXPECT_EQ(y.abs().max().item<double>(), 0);
    }
    const auto loss = (y - x.square()).square().mean();
    error = loss.item<double>();
    learned.descend(loss);
  }
  EXPECT_LT(error, 1e-3);  // that of the best constant is 0.09
}

TEST(LearnedTensors, SecondMomentIsPerExample) {
  const auto g = torch::ones({3, 2}), h = 2 * torch::ones({3, 1, 2});
  EXPECT_EQ(second_moment({g, h}, torch::zeros({3})).item<double>(), 2 + 8);
}

TEST(RunningMoments, AreZeroAndOneThenThoseOfTheSignal) {
  EstimatorState state;
  const auto like = row({0});
  auto moments = running_moments(state, "m", like);
  EXPECT_EQ(moments.mean.item<double>(), 0);
  EXPECT_EQ(moments.deviation.item<double>(), 1);
  follow(state, "m", row({3, 5}));
  moments = running_moments(state, "m", like);
  EXPECT_DOUBLE_EQ(moments.mean.item<double>(), 4);
  EXPECT_DOUBLE_EQ(moments.deviation.item<double>(), 1);
  for (int step = 0; step < 2000; ++step) follow(state, "m", row({-12, -8}));
  moments = running_moments(state, "m", like);
  EXPECT_NEAR(moments.mean.item<double>(), -10, 1e-6);
  EXPECT_NEAR(moments.deviation.item<double>(), 2, 1e-6);
  state.learning = false;
  follow(state, "m", row({100}));
  EXPECT_NEAR(running_moments(state, "m", like).mean.item<double>(), -10, 1e-6);
}

}  // namespace
}  // namespace signet

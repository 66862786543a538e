#include "signet/core/estimator_state.h"

#include <gtest/gtest.h>

#include "signet/core/evaluations.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

at::Tensor at(double x, double y) {
  return torch::tensor({x, y}, torch::kDouble);
}

TEST(EstimatorState, MakesATensorOnceAndKeepsIt) {
  EstimatorState state;
  state.tensor("c", [] { return at(1, 2); }) += 1;
  EXPECT_TRUE(state.tensor("c", [] { return at(0, 0); }).equal(at(2, 3)));
}

TEST(EstimatorState, DescendsAsAdamDoes) {
  EstimatorState state;
  auto& value = state.tensor("v", [] { return at(1, -2); });
  double m = 0, v = 0, x = 1;
  for (int t = 1; t <= 5; ++t) {
    const double g = 0.3 * t;
    state.descend("v", at(g, 0), 0.01);
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    x -= 0.01 * (m / (1 - std::pow(0.9, t))) /
         (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
    EXPECT_NEAR(value[0].item<double>(), x, 1e-12);
    EXPECT_EQ(value[1].item<double>(), -2);
  }
}

TEST(EstimatorState, LearnsNothingWhenFrozen) {
  EstimatorState state;
  state.learning = false;
  auto& value = state.tensor("v", [] { return at(1, 2); });
  state.descend("v", at(1, 1), 0.1);
  EXPECT_TRUE(value.equal(at(1, 2)));
  EXPECT_EQ(state.tensors.size(), 1u);
}

TEST(Evaluations, AreCountedAndSpelled) {
  EXPECT_EQ(Evaluations{}.text(), "1");
  EXPECT_EQ((Evaluations{.fixed = 0, .per_sample = 1}).text(), "K");
  const Evaluations arms{.per_layer = -1, .per_sample_layer = 1};
  EXPECT_EQ(arms.text(), "1 + K L - L");
  EXPECT_EQ(arms.count(4, std::vector<int64_t>{33, 33, 33}), 1 + 3 * 3);
  EXPECT_EQ((Evaluations{.per_layer = 2}).text(), "1 + 2 L");
  EXPECT_EQ((Evaluations{.per_unit = 1}).count(1, std::vector<int64_t>{2, 3}),
            6);
  EXPECT_EQ((Evaluations{.per_state = 1}).count(1, std::vector<int64_t>{10}),
            1025);
  EXPECT_EQ((Evaluations{.per_state = 1}).text(), "1 + 2^n");
  EXPECT_EQ(
      (Evaluations{.per_layer_state = 2}).count(1, std::vector<int64_t>{2, 3}),
      1 + 2 * (4 + 8));
}

}  // namespace
}  // namespace signet

#include "signet/optim/descent.h"

#include <gtest/gtest.h>

#include "tests/optim/one_weight.h"

namespace signet {
namespace {

TEST(Descent, FastPathAgreesWithTheDefinition) {
  const Arguments none;
  for (const auto kind : {Direction::Kind::sgd, Direction::Kind::momentum,
                          Direction::Kind::adam}) {
    for (const double bound : {0.0, 0.6}) {
      auto fast = numbers(0, 70001), slow = fast.clone();
      std::map<std::string, Tensor> fast_state, slow_state;
      for (int64_t t = 1; t <= 5; ++t) {
        const auto g = numbers(static_cast<uint32_t>(t), 70001);
        const Move move{.rate = 0.05,
                        .scale = 2,
                        .keep = 0.97,
                        .shift = 0.01,
                        .bound = bound};
        const auto flips =
            descend({fast, g, fast_state, 0, t, none}, {.kind = kind}, move);
        const auto counted = descend_reference(
            {slow, g, slow_state, 0, t, none}, {.kind = kind}, move);
        EXPECT_NEAR(flips, counted, 2);
      }
      // A few roundings a step at |p| <= 2.
      EXPECT_LT((fast - slow).abs().max().item<float>(), 4e-6F);
      ASSERT_EQ(fast_state.size(), slow_state.size());
      for (const auto& [name, memory] : fast_state)
        EXPECT_TRUE(memory.allclose(slow_state.at(name), 1e-5, 1e-7)) << name;
      if (bound > 0) {
        EXPECT_LE(fast.abs().max().item<float>(), 0.6F);
      }
    }
  }
}

TEST(Descent, AdamIsThatOfThePaper) {
  const Arguments none;
  auto p = torch::tensor({0.5, -2.0}, torch::kDouble);
  double q[2] = {0.5, -2.0}, m[2] = {0, 0}, v[2] = {0, 0};
  std::map<std::string, Tensor> state;
  for (int64_t t = 1; t <= 20; ++t) {
    const double g[2] = {std::sin(double(t)), 1e-4 * std::cos(double(t))};
    descend({p, torch::tensor({g[0], g[1]}, torch::kDouble), state, 0, t, none},
            {}, {.rate = 0.01});
    for (int i = 0; i < 2; ++i) {
      m[i] = 0.9 * m[i] + 0.1 * g[i];
      v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
      q[i] -= 0.01 * (m[i] / (1 - std::pow(0.9, t))) /
              (std::sqrt(v[i] / (1 - std::pow(0.999, t))) + 1e-8);
      EXPECT_NEAR(p[i].item<double>(), q[i], 1e-12);
    }
  }
}

}  // namespace
}  // namespace signet

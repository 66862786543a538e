#include <gtest/gtest.h>

#include "tests/optim/one_weight.h"

namespace signet {
namespace {

TEST(Bop, IsThePublishedRule) {
  constexpr int64_t n = 50;
  for (const auto& [gamma, threshold] :
       {std::pair{0.1, 0.02}, {1.0, 0.5}, {0.01, 0.0}}) {
    auto p = numbers(0, n, torch::kDouble).requires_grad_();
    Optimizer optimizer;
    optimizer.add("p", p,
                  BoundRule("bop(gamma=" + number_text(gamma) +
                            ", threshold=" + number_text(threshold) + ")"),
                  ParameterKind::latent);
    std::vector<double> w, m(n, 0);
    for (int64_t i = 0; i < n; ++i)
      w.push_back(p[i].item<double>() >= 0 ? 1 : -1);
    int flips = 0;
    for (uint32_t t = 1; t <= 60; ++t) {
      const auto g = numbers(t, n, torch::kDouble);
      p.mutable_grad() = g;
      optimizer.step(123);  // the learning rate plays no part
      for (size_t i = 0; i < n; ++i) {
        m[i] = (1 - gamma) * m[i] +
               gamma * g[static_cast<int64_t>(i)].item<double>();
        if (w[i] * m[i] > threshold) {
          w[i] = -w[i];
          ++flips;
        }
        EXPECT_EQ(p[static_cast<int64_t>(i)].item<double>(), w[i]);
      }
    }
    EXPECT_GT(flips, 50);
  }
}

TEST(Bop, OnePassAgreesWithTheDefinition) {
  // The definition runs where a tensor is not contiguous.
  constexpr int64_t n = 70001;
  auto fast = numbers(0, n).requires_grad_();
  auto slow = numbers(0, 2 * n).view({n, 2}).select(1, 0).detach();
  slow.copy_(fast.detach());
  slow.requires_grad_();
  ASSERT_FALSE(slow.is_contiguous());
  const BoundRule rule("bop(gamma=0.25, threshold=0.125)");
  Optimizer fast_optimizer, slow_optimizer;
  fast_optimizer.add("p", fast, rule, ParameterKind::latent);
  slow_optimizer.add("p", slow, rule, ParameterKind::latent);
  for (uint32_t t = 1; t <= 5; ++t) {
    fast.mutable_grad() = slow.mutable_grad() = numbers(t, n);
    fast_optimizer.step(1);
    slow_optimizer.step(1);
    EXPECT_TRUE(fast.equal(slow));
    const double flips = fast_optimizer.take_flip_ratio();
    EXPECT_EQ(flips, slow_optimizer.take_flip_ratio());
    EXPECT_GT(flips, 0);
  }
}

TEST(Bop, ThresholdIsStrict) {
  // With gamma = 1 the mean is the gradient, and all numbers are exact.
  EXPECT_EQ(stepped("bop(gamma=1, threshold=0.25)", 1, 0.25, 1), 1);
  EXPECT_EQ(stepped("bop(gamma=1, threshold=0.25)", -1, -0.25, 1), -1);
  EXPECT_EQ(stepped("bop(gamma=1, threshold=0.25)", 1, 0.2500001, 1), -1);
  EXPECT_EQ(stepped("bop(gamma=1, threshold=0.25)", -1, -0.2500001, 1), 1);
  EXPECT_EQ(stepped("bop(gamma=1, threshold=0.25)", 1, -9, 1), 1);
  EXPECT_EQ(stepped("bop(gamma=1, threshold=0)", 1, 0, 1), 1);
  // Latent weights are taken by their sign, 0 as +1.
  EXPECT_EQ(stepped("bop", 0, 0, 1), 1);
  EXPECT_EQ(stepped("bop", -0.3, 0, 1), -1);
}

}  // namespace
}  // namespace signet

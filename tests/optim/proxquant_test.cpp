#include <gtest/gtest.h>

#include <cmath>

#include "tests/optim/one_weight.h"

namespace signet {
namespace {

/// A parameter of one weight under a rule, for several steps.
class Weight {
 public:
  Weight(const std::string& rule, double value)
      : p_(torch::full({1}, value, torch::kDouble).requires_grad_()) {
    optimizer_.add("p", p_, BoundRule(rule), ParameterKind::latent);
  }

  double step(double g, double rate) {
    p_.mutable_grad() = torch::full({1}, g, torch::kDouble);
    optimizer_.step(rate);
    return p_.item<double>();
  }

 private:
  Tensor p_;
  Optimizer optimizer_;
};

TEST(ProxQuant, IsTheProxOfTheDistanceToTheSigns) {
  for (const double v : {-2.3, -1.0, -0.6, -0.01, 0.02, 0.7, 1.0, 1.4}) {
    for (const double pull : {0.0, 0.05, 0.35, 1.0}) {
      const auto objective = [&](long double w) {
        const auto distance = std::min(std::abs(w - 1), std::abs(w + 1));
        return (w - v) * (w - v) / 2 + pull * distance;
      };
      // Convex on either side of 0; the better of both minima.
      const double left = golden_section(objective, -4, 0),
                   right = golden_section(objective, 0, 4);
      const double best = objective(left) < objective(right) ? left : right;
      Weight weight("proxquant(direction=sgd, period=1, growth=" +
                        number_text(pull) + ")",
                    v - 0.5);
      // Step 1 has no pull and arrives at v; step 2 stays and is pulled.
      ASSERT_NEAR(weight.step(-0.5, 1), v, 1e-15);
      EXPECT_NEAR(weight.step(0, 1), best, 1e-8) << v << " " << pull;
    }
  }
}

TEST(ProxQuant, PullGrowsAfterEachPeriod) {
  Weight weight("proxquant(direction=sgd, period=2, growth=0.0625)", 0.25);
  const double expected[] = {0.25, 0.25, 0.3125, 0.375, 0.5, 0.625};
  for (const double w : expected) EXPECT_EQ(weight.step(0, 0.1), w);
}

TEST(ProxQuant, FreezesSigns) {
  Weight weight("proxquant(direction=sgd, period=2, growth=0, freeze=1)", -0.5);
  EXPECT_EQ(weight.step(0.25, 1), -0.75);
  EXPECT_EQ(weight.step(-0.5, 1), -0.25);
  EXPECT_EQ(weight.step(-9, 1), -1);
  EXPECT_EQ(weight.step(-9, 1), -1);
}

TEST(ProxQuant, TrainsWithTheRealWeights) {
  auto p = numbers(0, 20).requires_grad_();
  Optimizer optimizer;
  optimizer.add("p", p, BoundRule("proxquant"), ParameterKind::latent);
  const auto w = optimizer.weights_of_pass(Random(1))(p);
  EXPECT_TRUE(w.equal(p));
  w.square().sum().backward();
  EXPECT_TRUE(p.grad().equal(2 * p.detach()));
}

}  // namespace
}  // namespace signet

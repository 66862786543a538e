// Straight-through estimators: slopes, proxies, and the names they go by.

#include <gtest/gtest.h>

#include <cmath>

#include "signet/core/torch.h"
#include "tests/core/estimator_problem.h"
#include "tests/core/one_unit.h"

namespace signet {
namespace {

/// The factor that makes g_a of g_x, at each of the logits.
Tensor factors(const std::string& spelling, const Tensor& logits,
               const UnitOptions& units = {}) {
  const auto a = logits.detach().clone().requires_grad_();
  const auto estimate = BoundEstimator(spelling)(
      [&](Sampler& s) { return s.draw(a.unsqueeze(0), units).sum(-1); },
      Random(1));
  estimate.surrogate.sum().backward();
  return a.grad();
}

Tensor grid() { return torch::linspace(-3.01, 3.03, 603, torch::kDouble); }

bool same(const std::string& one, const std::string& other,
          const Problem& problem) {
  return gradients(BoundEstimator(one), problem, 200, 6)
      .allclose(gradients(BoundEstimator(other), problem, 200, 6), 1e-13,
                1e-14);
}

TEST(StraightThrough, HasTheMeanAndVarianceOfTheClosedForm) {
  // {0,1}, in p: mean (1-p) L'(0) + p L'(1), variance p(1-p) (L'(1)-L'(0))^2.
  const OneUnit unit{0.4, {.encoding = Encoding::bits}, [](const Tensor& x) {
                       return torch::exp(1.3 * x);
                     }};
  const double p = 1 / (1 + std::exp(-0.8)), slope = 2 * p * (1 - p);
  const double d0 = 1.3, d1 = 1.3 * std::exp(1.3);
  const auto g = two_point(BoundEstimator("st"), unit);
  EXPECT_NEAR(g.mean(), slope * ((1 - p) * d0 + p * d1), 1e-12);
  EXPECT_NEAR(g.variance(), std::pow(slope * (d1 - d0), 2) * p * (1 - p),
              1e-12);
}

TEST(StraightThrough, BiasIsBoundedByTheChangeOfTheDerivative) {
  // |L'(s) - L'(t)| <= M |s - t| on [-1, 1]: |bias in mu| <= M. Attained by
  // neither end of c x^2/2, whose bias is c(2p - 1).
  const struct {
    Noise::Function loss;
    double bound;
  } cases[] = {
      {[](const Tensor& x) { return 3 * x * x - x; }, 6},
      {[](const Tensor& x) { return torch::exp(1.3 * x); },
       1.69 * std::exp(1.3)},
      {[](const Tensor& x) { return torch::cos(3 * x); }, 9},
      {[](const Tensor& x) { return 2 * x; }, 1e-12},
  };
  for (const auto& [loss, bound] : cases) {
    for (const auto& noise : noise_families()) {
      for (const double a : {-0.8, -0.1, 0.4, 0.9}) {
        const OneUnit unit{a, {.noise = &noise}, loss};
        const double density =
            noise.density(torch::full({}, a, torch::kDouble)).item<double>();
        const double bias =
            two_point(BoundEstimator("st"), unit).mean() - unit.gradient();
        EXPECT_LE(std::abs(bias / (2 * density)), bound) << noise.name;
      }
    }
  }
  const OneUnit square{0.9, {}, [](const Tensor& x) { return 3 * x * x; }};
  EXPECT_NEAR(two_point(BoundEstimator("st"), square).mean() /
                  (1 - std::pow(std::tanh(0.9), 2)),
              6 * std::tanh(0.9), 1e-12);
}

TEST(StraightThrough, SlopeIsThatOfTheLogits) {
  for (const auto& noise : noise_families()) {
    for (const auto encoding : {Encoding::bits, Encoding::signs}) {
      const auto plain = one_layer({encoding, &noise});
      auto steeper = plain;
      steeper.loss = [&](const auto& p, Sampler& s, const UnitOptions& u) {
        return plain.loss({p[0] * 1.7}, s, u);
      };
      const auto with_slope =
          gradients(BoundEstimator("st(slope=1.7)"), plain, 200, 6);
      EXPECT_TRUE(with_slope.allclose(
          gradients(BoundEstimator("st"), steeper, 200, 6), 1e-13, 1e-14));
    }
  }
}

TEST(StraightThrough, SigmoidAdjustedIsLogisticNoiseWithHalfTheSlope) {
  for (const auto encoding : {Encoding::bits, Encoding::signs}) {
    const auto problem = chain({encoding, &triangular_noise()});
    EXPECT_TRUE(same("st-sigmoid", "st(noise=logistic, slope=0.5)", problem));
    EXPECT_TRUE(
        same("st-sigmoid(slope=3)", "st(noise=logistic, slope=1.5)", problem));
    EXPECT_TRUE(same("st-sigmoid(slope=2)", "st(noise=logistic)", problem));
  }
  // R2RT: p = sigma(m a), factor m p (1 - p).
  const auto a = grid();
  for (const double m : {1.0, 1.1, 6.73}) {
    const auto p = torch::sigmoid(m * a);
    EXPECT_TRUE(factors("st-sigmoid(slope=" + number_text(m) + ")", a,
                        {.encoding = Encoding::bits})
                    .allclose(m * p * (1 - p), 1e-12, 1e-14));
  }
  // The units have that law.
  const OneUnit unit{0.8, {.encoding = Encoding::bits}, [](const Tensor& x) {
                       return x.square();
                     }};
  const auto [mean, variance] =
      one_unit_moments(BoundEstimator("st-sigmoid"), unit);
  const double p = 1 / (1 + std::exp(-0.8));
  EXPECT_NEAR(mean, p * (1 - p) * 2 * p, 1e-5);
}

TEST(StraightThrough, HardSigmoidIsThatOfHmRnn) {
  const auto a = grid();
  for (const double m : {1.0, 2.5}) {
    const auto spelled =
        "st-hard-sigmoid(deterministic=true, slope=" + number_text(m) + ")";
    const auto leaf = a.clone().requires_grad_();
    ((m * leaf + 1) / 2).clamp(0, 1).sum().backward();
    EXPECT_TRUE(factors(spelled, a, {.encoding = Encoding::bits})
                    .allclose(leaf.grad(), 1e-14, 0));
    for (const auto& noise : noise_families()) {
      EXPECT_TRUE(
          same(spelled,
               "st-deterministic(noise=uniform, slope=" + number_text(m) + ")",
               chain({Encoding::bits, &noise})));
    }
  }
  EXPECT_TRUE(
      same("st-hard-sigmoid", "st", chain({.noise = &uniform_noise()})));
  EXPECT_FALSE(same("st-hard-sigmoid", "st", chain({})));
}

TEST(StraightThrough, HasTheProxiesOfLarq) {
  const auto a = grid();
  // swish_sign: b (2 - b x tanh(b x/2)) / (1 + cosh(b x)).
  for (const double b : {1.0, 5.0, 10.0}) {
    const auto expected =
        b * (2 - b * a * torch::tanh(b * a / 2)) / (1 + torch::cosh(b * a));
    EXPECT_TRUE(factors("st-swish(beta=" + number_text(b) + ")", a)
                    .allclose(expected, 1e-12, 1e-14));
    // Its integral, the proxy, runs from -1 to 1 and has slope b at 0.
    const auto wide = torch::arange(-80'000, 80'000, torch::kDouble) * 1e-3;
    EXPECT_NEAR(factors("st-swish(beta=" + number_text(b) + ")", wide)
                        .sum()
                        .item<double>() *
                    1e-3,
                2, 1e-9);
    EXPECT_NEAR(factors("st-swish(beta=" + number_text(b) + ")",
                        torch::zeros({1}, torch::kDouble))
                    .item<double>(),
                b, 1e-12);
  }
  // ste_sign: 1 where |x| <= 1; approx_sign: 2 - 2|x| there, stretched by 2.
  EXPECT_TRUE(factors("st-deterministic(noise=uniform)", a)
                  .equal((a.abs() <= 1).to(torch::kDouble)));
  const auto x = a / 2;
  EXPECT_TRUE(factors("st-deterministic(noise=triangular)", a)
                  .allclose((2 - 2 * x.abs()).clamp_min(0) / 2, 1e-14, 1e-15));
  EXPECT_TRUE(factors("st-deterministic(noise=triangular, slope=2)", a)
                  .allclose((2 - 2 * a.abs()).clamp_min(0), 1e-14, 1e-15));
  EXPECT_TRUE(factors("st-identity(slope=1)", a, {.encoding = Encoding::bits})
                  .equal(torch::ones_like(a)));
}

TEST(StraightThrough, DeterministicUnitsAreSigns) {
  const auto a = torch::tensor({-2.0, -0.0, 0.0, 0.3});
  for (const std::string name :
       {"st-swish", "st-hard-sigmoid", "st-identity"}) {
    const auto loss =
        BoundEstimator(name + "(deterministic=true)")(
            [&](Sampler& s) { return s.draw(a.unsqueeze(1), {}).squeeze(1); },
            Random(1))
            .loss;
    EXPECT_TRUE(loss.equal(torch::tensor({-1.0F, 1.0F, 1.0F, 1.0F}))) << name;
  }
}

TEST(MeanField, IsTheNetworkOfTheProxies) {
  for (const auto& noise : noise_families()) {
    const auto a = grid().requires_grad_();
    const auto estimate = BoundEstimator("mean-field")(
        [&](Sampler& s) {
          const auto x = s.draw(a.unsqueeze(-1), {.noise = &noise});
          return x.squeeze(-1).square();
        },
        Random(1));
    const auto leaf = a.detach().clone().requires_grad_();
    const auto expected = proxy(noise, leaf).square();
    EXPECT_TRUE(estimate.loss.allclose(expected.detach(), 1e-13, 1e-15));
    estimate.surrogate.sum().backward();
    expected.sum().backward();
    EXPECT_TRUE(a.grad().allclose(leaf.grad(), 1e-12, 1e-13)) << noise.name;
  }
}

// z is of 20 comparisons or so; P(|z| > 7) = 2.6e-12 each.
TEST(StraightThrough, IsExactForMultilinearLosses) {
  for (const auto encoding : {Encoding::bits, Encoding::signs}) {
    for (const auto& noise : noise_families()) {
      const auto problem = multilinear({encoding, &noise});
      EXPECT_LT(deviation(BoundEstimator("st"), problem, 103).z, 7)
          << noise.name;
      EXPECT_GT(
          deviation(BoundEstimator("st-deterministic"), problem, 103).largest,
          0.01)
          << noise.name;
    }
  }
}

}  // namespace
}  // namespace signet

#include "signet/experiments/papers/single_unit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "signet/core/torch.h"

namespace signet {
namespace {

TEST(UnitIntegral, AgreesWithClosedForms) {
  const double pi = std::acos(-1);
  // logit(v) has mean 0 and variance pi^2/3; the integral of v(1 - v) is 1/6.
  EXPECT_NEAR(unit_integral([](double, double t) { return t * t; }),
              pi * pi / 3, 1e-11);
  EXPECT_NEAR(unit_integral([](double v, double) { return v * (1 - v); }),
              1.0 / 6, 1e-12);
  EXPECT_NEAR(unit_integral([](double, double) { return 1.0; }, 0, 40), 0.5,
              1e-9);
  for (const auto& loss : unit_losses())
    EXPECT_NEAR(
        unit_integral([&](double v, double) { return loss.derivative(v); }),
        loss.at(1) - loss.at(0), 1e-9)
        << loss.name;
}

TEST(TrapezoidWeights, IntegrateSmoothFunctions) {
  const auto u = Random(3).site(0).uniform({1 << 12}, at::kDouble);
  const auto weights = trapezoid_weights(u);
  EXPECT_NEAR(weights.sum().item<double>(), 1, 1e-12);
  EXPECT_NEAR((weights * torch::exp(u)).sum().item<double>(), std::exp(1.0) - 1,
              1e-5);
}

TEST(TwoPointMoments, AreThoseOfStraightThrough) {
  // In p: 2L'(x), so mean 2((1-p) L'(-1) + p L'(1)).
  const auto& loss = exponential_loss();
  const double p = 0.3, up = 2 * loss.derivative(1),
               down = 2 * loss.derivative(-1);
  const auto moments = two_point_moments("st", sign_at(p, loss.value));
  EXPECT_NEAR(moments.mean, p * up + (1 - p) * down, 1e-9);
  EXPECT_NEAR(moments.variance(), p * (1 - p) * (up - down) * (up - down),
              1e-9);
  EXPECT_ANY_THROW(two_point_moments("gumbel", sign_at(p, loss.value)));
}

TEST(MeasuredMoments, AreThoseOfGumbelSoftmax) {
  // E g = int L'(v) p_Z(eta - t T(v)) / p_Z(eta) dv
  const auto& loss = cubic_loss();
  const double eta = -0.3, t = 0.2;
  const double mean =
      unit_integral([&](double v, double x) {
        return loss.derivative(v) * logistic_density(eta - t * x);
      }) /
      logistic_density(eta);
  const auto moments = measured_moments(at_temperature("gumbel", t),
                                        bit_at(eta, loss), 1 << 16, Random(4));
  EXPECT_NEAR(moments.mean, mean, 1e-5);
}

TEST(LargeFactorShare, IsTheShareOfNoise) {
  EXPECT_NEAR(large_factor_share(0.7, 0.05, 0.5), 0.08049, 5e-6);
  EXPECT_EQ(large_factor_share(0.7, 0.5, 0.6), 0);
}

}  // namespace
}  // namespace signet

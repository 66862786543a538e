#include "signet/core/noise.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "signet/base/error.h"
#include "signet/core/random.h"

namespace signet {
namespace {

using at::Tensor;
using std::numbers::pi;

const at::TensorOptions kDouble(at::kDouble);

class EveryNoise : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(, EveryNoise,
                         testing::Values("logistic", "uniform", "triangular",
                                         "gaussian", "laplace", "cauchy",
                                         "sigmoid"),
                         [](const auto& info) { return info.param; });

double largest(const Tensor& t) {
  return t.numel() == 0 ? 0 : t.abs().max().item<double>();
}

/// Points on [-6, 6] that avoid the kinks at 0, +-1 and +-2.
Tensor points() { return at::linspace(-6.01, 6.03, 997, kDouble); }

double at_point(const Noise::Function& f, double z) {
  return f(at::full({}, z, kDouble)).item<double>();
}

TEST_P(EveryNoise, DensityIsTheDerivativeOfCdf) {
  const auto& noise = find_noise(GetParam());
  const double h = 1e-5;
  const auto z = points();
  const auto difference = (noise.cdf(z + h) - noise.cdf(z - h)) / (2 * h);
  // A kink within h of a point costs h/2 at most; none is.
  EXPECT_LT(largest(difference - noise.density(z)), 1e-9);
}

TEST_P(EveryNoise, QuantileInvertsCdf) {
  const auto& noise = find_noise(GetParam());
  const auto u = at::linspace(1e-6, 1 - 1e-6, 1001, kDouble);
  EXPECT_LT(largest(noise.cdf(noise.quantile(u)) - u), 1e-14);
}

TEST_P(EveryNoise, IsScaledAndSymmetric) {
  const auto& noise = find_noise(GetParam());
  EXPECT_EQ(at_point(noise.cdf, 0), 0.5);
  // Of the one whose logits are log-odds, half of it.
  EXPECT_DOUBLE_EQ(2 * at_point(noise.density, 0),
                   noise.name == "sigmoid" ? 0.5 : 1);
  ASSERT_TRUE(noise.symmetric);
  const auto z = points();
  EXPECT_LT(largest(noise.cdf(z) + noise.cdf(-z) - 1), 1e-15);
  EXPECT_LT(largest(noise.density(z) - noise.density(-z)), 1e-16);
}

TEST_P(EveryNoise, StandardDeviationIsThatOfTheDensity) {
  const auto& noise = find_noise(GetParam());
  if (noise.name == "cauchy") {
    EXPECT_TRUE(std::isinf(noise.standard_deviation));
    return;
  }
  // Midpoint rule on [-50, 50]; no family has mass 1e-20 outside.
  const double step = 1e-4;
  const auto z = at::arange(-500'000, 500'000, kDouble).add(0.5).mul(step);
  const auto density = noise.density(z);
  EXPECT_NEAR(density.sum().item<double>() * step, 1, 1e-8);
  EXPECT_NEAR(std::sqrt((z * z * density).sum().item<double>() * step),
              noise.standard_deviation, 1e-8);
}

// Kolmogorov-Smirnov on 2^17 samples: P(sqrt(n) D > 3.2) < 2 exp(-2 3.2^2)
// = 2.6e-9.
TEST_P(EveryNoise, QuantileOfUniformHasTheCdf) {
  const auto& noise = find_noise(GetParam());
  const int64_t n = 1 << 17;
  const auto u = Random(2021).site(0).uniform({n});
  const auto z = std::get<0>(noise.quantile(u).to(at::kDouble).sort());
  const auto f = noise.cdf(z);
  const auto i = at::arange(n, kDouble);
  const double d = std::max((f - i / n).max().item<double>(),
                            ((i + 1) / n - f).max().item<double>());
  EXPECT_LT(std::sqrt(double(n)) * d, 3.2);
}

TEST_P(EveryNoise, FloatAgreesWithDoubleInTheTails) {
  const auto& noise = find_noise(GetParam());
  const auto z = at::linspace(-40, 40, 1601, kDouble);
  const auto z32 = z.to(at::kFloat);
  for (const auto* f : {&noise.cdf, &noise.density}) {
    const auto exact = (*f)(z32.to(at::kDouble));
    const auto got = (*f)(z32).to(at::kDouble);
    // Relative to values above 1e-30; below, to that. exp(-z^2) of the
    // gaussian amplifies the rounding of its argument, up to 70 there.
    const double tolerance = noise.name == "gaussian" ? 3e-5 : 1e-5;
    EXPECT_LT(largest((got - exact) / exact.clamp_min(1e-30)), tolerance);
  }
}

TEST_P(EveryNoise, LogProbIsTheLogarithmAndItsDerivative) {
  const auto& noise = find_noise(GetParam());
  const auto a = at::linspace(-5.01, 5.03, 503, kDouble);
  for (bool high : {true, false}) {
    const auto states = at::full_like(a, high, at::TensorOptions(at::kBool));
    const auto probability = high ? noise.cdf(a) : 1 - noise.cdf(a);
    const auto possible = probability > 1e-9;
    const auto leaf = a.clone().requires_grad_();
    const auto value = log_prob(noise, leaf, states);
    EXPECT_LT(
        largest(
            (value.detach() - at::log(probability)).masked_select(possible)),
        1e-6);
    value.sum().backward();
    const auto slope = (high ? 1 : -1) * noise.density(a) / probability;
    EXPECT_LT(largest((leaf.grad() - slope).masked_select(possible)), 1e-6);
    EXPECT_EQ(largest(leaf.grad().masked_select(probability == 0)), 0)
        << "impossible states";
  }
}

TEST_P(EveryNoise, LogProbHasAFiniteDerivativeEverywhere) {
  const auto& noise = find_noise(GetParam());
  const auto grid = at::linspace(-40, 40, 3201, at::kFloat);
  const auto a = at::cat(
      {grid, at::tensor({-1000.f, 1000.f, -1.f, 1.f, -2.f, 2.f, 0.f, -0.f})});
  for (bool high : {true, false}) {
    const auto leaf = a.clone().requires_grad_();
    const auto value = log_prob(
        noise, leaf, at::full_like(a, high, at::TensorOptions(at::kBool)));
    EXPECT_FALSE(value.isnan().any().item<bool>());
    // The gradient of exp(log p), as an exact enumeration forms it.
    at::exp(value).sum().backward();
    EXPECT_TRUE(leaf.grad().isfinite().all().item<bool>());
    leaf.mutable_grad().zero_();
    log_prob(noise, leaf, at::full_like(a, high, at::TensorOptions(at::kBool)))
        .sum()
        .backward();
    EXPECT_TRUE(leaf.grad().isfinite().all().item<bool>());
  }
}

TEST_P(EveryNoise, SecondDerivativeOfLogProb) {
  const auto& noise = find_noise(GetParam());
  const auto high = at::arange(100).remainder(2).to(at::kBool);
  const auto a = at::linspace(-0.71, 0.73, 100, kDouble).requires_grad_();
  const auto first = torch::autograd::grad(
      {log_prob(noise, a, high).sum()}, {a}, {}, {}, /*create_graph=*/true)[0];
  const auto second = torch::autograd::grad({first.sum()}, {a})[0];
  const double h = 1e-5;
  const auto slope_at = [&](const Tensor& at) {
    const auto leaf = at.detach().requires_grad_();
    return torch::autograd::grad({log_prob(noise, leaf, high).sum()},
                                 {leaf})[0];
  };
  const auto difference = (slope_at(a + h) - slope_at(a - h)) / (2 * h);
  EXPECT_LT(largest(difference - second), 1e-7);
}

TEST(Noise, ProxiesAreTheKnownFunctions) {
  const auto z = points();
  const auto is = [&](const Noise& noise, const Tensor& expected) {
    EXPECT_LT(largest(proxy(noise, z) - expected), 2e-15) << noise.name;
  };
  is(logistic_noise(), at::tanh(z));
  is(uniform_noise(), at::hardtanh(z));
  const auto half = (z / 2).clamp(-1, 1);
  is(triangular_noise(), 2 * half - half * half.abs());  // ApproxSign
  is(gaussian_noise(), at::erf(z * (std::sqrt(pi) / 2)));
  is(laplace_noise(), z.sign() * (1 - at::exp(-z.abs())));
  is(cauchy_noise(), at::atan(z * (pi / 2)) * (2 / pi));
  is(sigmoid_noise(), at::tanh(z / 2));
}

// Standard deviations of the table in docs and reference, to four places.
TEST(Noise, StandardDeviations) {
  EXPECT_NEAR(logistic_noise().standard_deviation, 0.9069, 5e-5);
  EXPECT_NEAR(uniform_noise().standard_deviation, 0.5774, 5e-5);
  EXPECT_NEAR(triangular_noise().standard_deviation, 0.8165, 5e-5);
  EXPECT_NEAR(gaussian_noise().standard_deviation, 0.7979, 5e-5);
  EXPECT_NEAR(laplace_noise().standard_deviation, 1.4142, 5e-5);
  EXPECT_NEAR(sigmoid_noise().standard_deviation, 1.8138, 5e-5);
}

TEST(Noise, LogisticScoreInClosedForm) {
  const auto a = at::linspace(-40, 40, 801, at::kFloat).requires_grad_();
  const auto high = at::arange(801).remainder(2).to(at::kBool);
  log_prob(logistic_noise(), a, high).sum().backward();
  const auto x = a.detach().to(at::kDouble);
  const auto expected =
      at::where(high, 2 * at::sigmoid(-2 * x), -2 * at::sigmoid(2 * x));
  EXPECT_LT(largest((a.grad() - expected) / expected), 2e-6);
}

TEST(Noise, TailsDoNotRoundToZero) {
  const auto a = at::full({}, -20.f);
  EXPECT_GT(logistic_noise().cdf(a).item<float>(), 0);
  EXPECT_GT(laplace_noise().cdf(a).item<float>(), 0);
  EXPECT_NEAR(cauchy_noise().cdf(a * 1e6f).item<float>() * pi * pi / 2 * 2e7, 1,
              1e-6);
}

TEST(Noise, LogProbBroadcasts) {
  const auto a = at::zeros({3, 4}).requires_grad_();
  const auto high = at::ones({5, 3, 4}, at::TensorOptions(at::kBool));
  const auto value = log_prob(logistic_noise(), a, high);
  EXPECT_EQ(value.sizes(), (at::IntArrayRef{5, 3, 4}));
  value.sum().backward();
  EXPECT_TRUE(at::equal(a.grad(), at::full({3, 4}, 5.f)));
}

TEST(Noise, AFamilyOfYourOwnMayBeSkewed) {
  // F = exp(-exp(-z)), given by nothing but its functions.
  Noise gumbel{
      .name = "gumbel",
      .symmetric = false,
      .cdf = [](const Tensor& z) { return at::exp(-at::exp(-z)); },
      .density = [](const Tensor& z) { return at::exp(-z - at::exp(-z)); },
      .quantile = [](const Tensor& u) { return -at::log(-at::log(u)); },
  };
  const auto a = at::linspace(-1, 3, 50, kDouble).requires_grad_();
  const auto high = at::arange(50).remainder(2).to(at::kBool);
  const auto expected = [&] {
    const auto f = gumbel.cdf(a);
    return at::log(at::where(high, f, 1 - f));
  };
  const auto value = log_prob(gumbel, a, high);
  EXPECT_LT(largest(value - expected()), 1e-12);
  const auto slope = torch::autograd::grad({value.sum()}, {a})[0];
  const auto exact = torch::autograd::grad({expected().sum()}, {a})[0];
  EXPECT_LT(largest(slope - exact), 1e-12);
}

TEST(Noise, IsFoundByName) {
  EXPECT_EQ(noise_families().size(), 7u);
  for (const auto& noise : noise_families()) {
    EXPECT_EQ(&find_noise(noise.name), &noise);
  }
  EXPECT_EQ(&find_noise("cauchy"), &cauchy_noise());
  try {
    find_noise("gausian");
    FAIL();
  } catch (const UsageError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("did you mean 'gaussian'"), text.npos) << text;
    EXPECT_NE(text.find("logistic"), text.npos) << text;
  }
}

TEST(Noise, LogProbSaysWhatIsWrong) {
  EXPECT_THROW(log_prob(logistic_noise(), at::zeros({2}), at::zeros({2})),
               UsageError);
  EXPECT_THROW(log_prob(logistic_noise(), at::arange(2), at::zeros({2})),
               UsageError);
}

}  // namespace
}  // namespace signet

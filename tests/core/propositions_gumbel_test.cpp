// Propositions 1 to 5 of Shekhovtsov 2021, "Bias-Variance Tradeoffs in
// Single-Sample Binary Gradient Estimators", arXiv:2110.03549: one {0,1} unit
// with log-odds eta and standard logistic noise, gradients in p = sigma(eta).
// Here eta = 2a, so a gradient in a is one in p times F'(a) = 2p(1 - p).

#include <gtest/gtest.h>

#include <cmath>

#include "signet/core/torch.h"
#include "tests/core/one_unit.h"

namespace signet {
namespace {

struct Loss {
  Noise::Function value;
  double (*derivative)(double x);
};

const Loss kLosses[] = {
    {[](const Tensor& x) { return 3 * x + 1; }, [](double) { return 3.0; }},
    {[](const Tensor& x) { return 2 * x * x - x; },
     [](double x) { return 4 * x - 1; }},
    {[](const Tensor& x) { return x.pow(3) + x / 2; },
     [](double x) { return 3 * x * x + 0.5; }},
    {[](const Tensor& x) { return torch::exp(1.3 * x); },
     [](double x) { return 1.3 * std::exp(1.3 * x); }},
    {[](const Tensor& x) { return torch::cos(3 * x) + x; },
     [](double x) { return 1 - 3 * std::sin(3 * x); }},
};
constexpr double kEtas[] = {-2, -0.3, 0.7, 1.9};
/// The one of them at which the estimator itself is measured.
constexpr double kMeasured = 0.7;
constexpr double kTemperatures[] = {0.04, 0.02, 0.01};

double sigmoid(double t) { return 1 / (1 + std::exp(-t)); }
/// Density of the standard logistic law; p(1 - p) at eta.
double density(double t) { return sigmoid(t) * sigmoid(-t); }

/// Integral over v = sigma(t) of h(v, t), t from `from` to `to`, by Simpson's
/// rule in t: exact to 1e-12 for these functions.
template <class H>
double integral(H h, double from = -40, double to = 40) {
  constexpr int kSteps = 8000;
  const double step = (to - from) / kSteps;
  double sum = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const double t = from + i * step;
    const double weight = i == 0 || i == kSteps ? 1 : i % 2 ? 4 : 2;
    sum += weight * h(sigmoid(t), t) * density(t);
  }
  return sum * step / 3;
}

OneUnit unit_at(double eta, const Noise::Function& loss) {
  return {.a = eta / 2, .units = {.encoding = Encoding::bits}, .loss = loss};
}

BoundEstimator at_temperature(const std::string& name, double temperature) {
  return BoundEstimator(name + "(temperature=" + number_text(temperature) +
                        ")");
}

/// First and second moment of the gradient in p.
std::pair<double, double> measured(const std::string& name, double temperature,
                                   double eta, const Loss& loss) {
  const auto [mean, variance] = one_unit_moments(
      at_temperature(name, temperature), unit_at(eta, loss.value));
  const double slope = 2 * density(eta);
  return {mean / slope, (variance + mean * mean) / (slope * slope)};
}

TEST(Proposition1, BiasOfGumbelSoftmax) {
  // E g = int L'(v) p_Z(eta - t T(v)) / p_Z(eta) dv
  // bias = t (2p - 1) int L' T + t^2/2 (1 - 6p(1 - p)) int L' T^2 + O(t^3)
  for (const auto& loss : kLosses) {
    const double first =
        integral([&](double v, double t) { return loss.derivative(v) * t; });
    const double second = integral(
        [&](double v, double t) { return loss.derivative(v) * t * t; });
    const double truth =
        integral([&](double v, double) { return loss.derivative(v); });
    for (const double eta : kEtas) {
      const double c1 = std::tanh(eta / 2) * first;
      const double c2 = (1 - 6 * density(eta)) / 2 * second;
      const auto mean = [&](double temperature) {
        return integral([&](double v, double t) {
                 return loss.derivative(v) * density(eta - temperature * t);
               }) /
               density(eta);
      };
      for (const double t : kTemperatures) {
        EXPECT_LT(std::abs(mean(t) - truth - c1 * t - c2 * t * t),
                  0.83 * t * t * t * (1 + std::abs(c1) + std::abs(c2)))
            << eta << ", " << t;
      }
      if (eta != kMeasured) continue;
      EXPECT_NEAR(measured("gumbel", 0.04, eta, loss).first, mean(0.04), 2e-6);
    }
  }
}

TEST(Proposition1, ConstantsForLinearAndSquareLosses) {
  // L = cx: no first-order term, second c (pi^2/6)(1 - 6p(1 - p)).
  // L = x^2: the first coefficient is 2p - 1.
  EXPECT_NEAR(integral([](double, double t) { return t; }), 0, 1e-12);
  EXPECT_NEAR(integral([](double, double t) { return t * t; }), M_PI * M_PI / 3,
              1e-11);
  EXPECT_NEAR(integral([](double v, double t) { return 2 * v * t; }), 1, 1e-11);
}

TEST(Proposition2, VarianceOfGumbelSoftmax) {
  // E g^2 = A/t + A1 + O(t), A = int L'^2 v(1 - v) dv / (p(1 - p)),
  // A1 = (2p - 1)/(p(1 - p)) int L'^2 v(1 - v) T dv; L = cx: A = c^2/(6p(1-p)).
  for (const auto& loss : kLosses) {
    const auto moment = [&](int power) {
      return integral([&](double v, double t) {
        return std::pow(loss.derivative(v), 2) * density(t) *
               std::pow(t, power);
      });
    };
    for (const double eta : kEtas) {
      const double q = density(eta);
      const double A = moment(0) / q, A1 = std::tanh(eta / 2) * moment(1) / q;
      const auto second = [&](double temperature) {
        return integral([&](double v, double t) {
                 return std::pow(loss.derivative(v), 2) * density(t) *
                        density(eta - temperature * t);
               }) /
               (temperature * q * q);
      };
      for (const double t : {0.02, 0.01})
        EXPECT_LT(std::abs(second(t) - A / t - A1), 1.5 * t * A) << eta;
      if (eta != kMeasured) continue;
      EXPECT_NEAR(measured("gumbel", 0.02, eta, loss).second / second(0.02), 1,
                  1e-4);
    }
  }
  const double linear = integral([](double, double t) { return density(t); });
  EXPECT_NEAR(linear, 1.0 / 6, 1e-12);
}

TEST(Proposition3, GradientsVanishAlmostSurely) {
  // The factor sigma_t'(d) of d = eta - z is (1/t) e^(-|d|/t) up to a factor
  // that tends to 1, and at most 1/(4t).
  const double eta = 0.7;
  const auto linear = [](const Tensor& x) { return x; };
  const int64_t n = 20000;
  Tensor before;
  for (const double t : {0.2, 0.05, 0.0125}) {
    const auto [g, u] = one_unit_gradients(at_temperature("gumbel", t),
                                           unit_at(eta, linear), n);
    const auto factor = g / 2;
    const auto distance = (eta - torch::logit(u)).abs() / t;
    const auto ratio = factor * t * torch::exp(distance);
    const auto expected = (1 + torch::exp(-distance)).pow(-2);
    EXPECT_TRUE(ratio.masked_select(distance < 30)
                    .allclose(expected.masked_select(distance < 30), 1e-7));
    EXPECT_LE(factor.max().item<double>(), 1 / (4 * t));
    EXPECT_GT(factor.max().item<double>(), 0.999 / (4 * t));
    // Everywhere but next to the threshold the gradient falls with t.
    if (before.defined()) {
      const auto falls = (factor < before).masked_select(distance > 8);
      EXPECT_TRUE(falls.all().item<bool>());
    }
    before = factor;
  }
  EXPECT_NEAR(std::pow(1 + std::exp(-5), -2), 0.987, 5e-4);
  EXPECT_NEAR(std::pow(1 + std::exp(-10), -2), 0.99991, 5e-6);
}

/// P(sigma_t'(eta - z) >= e) = sigma(eta + d) - sigma(eta - d),
/// d = 2t atanh(sqrt(1 - 4et)); 0 where 4et > 1.
double large_share(double eta, double t, double e) {
  if (4 * e * t > 1) return 0;
  const double d = 2 * t * std::atanh(std::sqrt(1 - 4 * e * t));
  return sigmoid(eta + d) - sigmoid(eta - d);
}

TEST(Proposition4, LargeGradientsAreRare) {
  const double eta = 0.7;
  const auto linear = [](const Tensor& x) { return x; };
  const struct {
    double temperature, threshold, share;
  } cases[] = {{0.2, 0.1, 0.33222},
               {0.05, 0.5, 0.08049},
               {0.05, 0.01, 0.16717},
               {0.01, 0.001, 0.05101}};
  for (const auto& [t, e, share] : cases) {
    EXPECT_NEAR(large_share(eta, t, e), share, 5e-6);
    const auto [g, u] = one_unit_gradients(at_temperature("gumbel", t),
                                           unit_at(eta, linear), 1 << 20);
    const auto large = (g / 2 >= e).to(torch::kDouble);
    EXPECT_NEAR((large * quadrature_weights(u)).sum().item<double>(), share,
                1e-5);
  }
  // 2 p(1 - p) t log(1/(et)), to first order.
  for (const double t : {1e-3, 1e-5}) {
    EXPECT_NEAR(
        large_share(eta, t, 0.01) / (2 * density(eta) * t * std::log(100 / t)),
        1, 10 * t);
  }
}

TEST(Proposition4, InDeepNetworksExponentiallyRare) {
  // Two layers: each factor is at most 1/(4t), so P(product >= e) is at most
  // P(factor >= 4te)^2 = O(t^2 log^2(1/(et))).
  const double eta = 0.7, e = 0.01;
  const auto linear = [](const Tensor& x) { return x; };
  for (const double t : {0.05, 0.025, 0.0125}) {
    const auto [g, u] = one_unit_gradients(at_temperature("gumbel", t),
                                           unit_at(eta, linear), 1 << 16);
    const auto share = (g / 2).contiguous();
    auto* values = share.data_ptr<double>();
    for (int64_t i = 0; i < share.numel(); ++i)
      values[i] = large_share(eta, t, e / values[i]);
    const double both = (share * quadrature_weights(u)).sum().item<double>();
    EXPECT_LT(both, std::pow(large_share(eta, t, 4 * t * e), 2));
    const double rate = std::pow(t * std::log(1 / (e * t)), 2);
    EXPECT_GT(both / rate, 0.05);
    EXPECT_LT(both / rate, 0.3);
  }
}

TEST(Proposition5, BiasAndVarianceOfStraightThroughGumbelSoftmax) {
  // E g = (L0 + L1)/2 + t (2p - 1) ln2 (L1 - L0)
  //       + t^2/2 (1 - 6p(1 - p)) (pi^2/6) (L0 + L1) + O(t^3),
  // V = (L0^2 + L1^2) / (12 p(1 - p) t) + O(1), where L0, L1 = L'(0), L'(1).
  for (const auto& loss : kLosses) {
    const double L0 = loss.derivative(0), L1 = loss.derivative(1);
    for (const double eta : kEtas) {
      const double q = density(eta);
      const double c0 = (L0 + L1) / 2;
      const double c1 = std::tanh(eta / 2) * std::log(2) * (L1 - L0);
      const double c2 = (1 - 6 * q) * M_PI * M_PI / 12 * (L0 + L1);
      const double A = (L0 * L0 + L1 * L1) / (12 * q);
      const auto mean = [&](double temperature) {
        const auto half = [&](double from, double to) {
          return integral(
              [&](double, double t) { return density(eta - temperature * t); },
              from, to);
        };
        return (L0 * half(-40, 0) + L1 * half(0, 40)) / q;
      };
      const auto second = [&](double temperature) {
        const auto half = [&](double from, double to) {
          return integral(
              [&](double, double t) {
                return density(t) * density(eta - temperature * t);
              },
              from, to);
        };
        return (L0 * L0 * half(-40, 0) + L1 * L1 * half(0, 40)) /
               (temperature * q * q);
      };
      for (const double t : kTemperatures) {
        EXPECT_LT(std::abs(mean(t) - c0 - c1 * t - c2 * t * t),
                  2 * t * t * t * (1 + std::abs(c1) + std::abs(c2)))
            << eta << ", " << t;
        EXPECT_LT(std::abs(t * second(t) - A), 0.65 * t * A) << eta;
      }
      if (eta != kMeasured) continue;
      // The gradient jumps at the threshold, so the quadrature has an error of
      // the jump times the distance of neighbouring numbers, 1e-6.
      const auto [first, square] = measured("st-gumbel", 0.04, eta, loss);
      EXPECT_NEAR(first, mean(0.04), 5e-4);
      EXPECT_NEAR(square / second(0.04), 1, 5e-4);
    }
  }
}

}  // namespace
}  // namespace signet

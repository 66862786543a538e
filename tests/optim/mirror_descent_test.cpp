#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "signet/base/error.h"
#include "signet/core/noise.h"
#include "tests/optim/one_weight.h"

namespace signet {
namespace {

using Real = long double;
using Function = std::function<Real(Real)>;
constexpr Real kPi = std::numbers::pi_v<Real>;

Real xlogx(Real x) { return x > 0 ? x * std::log(x) : 0; }

/// A divergence in closed forms of its own: theta = F(eta), and the convex
/// potential of theta whose Bregman divergence it is.
struct Case {
  std::string name;
  Function F;
  Function potential;
  Real bound = 0;  ///< of eta; 0: none
};

Real gaussian_cdf(Real z) { return std::erfc(-z * std::sqrt(kPi) / 2) / 2; }

Real gaussian_quantile(Real u) {
  Real low = -30, high = 30;
  for (int i = 0; i < 110; ++i) {
    const Real middle = (low + high) / 2;
    (gaussian_cdf(middle) < u ? low : high) = middle;
  }
  return (low + high) / 2;
}

std::vector<Case> cases() {
  const auto entropy = [](Real t) { return xlogx(t) + xlogx(1 - t); };
  const auto square = [](Real t) { return t * t - t; };
  const auto ramp = [](Real z) {
    return std::min(std::max((z + 1) / 2, Real{0}), Real{1});
  };
  return {
      {"kl", [](Real z) { return 1 / (1 + std::exp(-z)); }, entropy},
      {"mean-kl", [](Real z) { return 1 / (1 + std::exp(-2 * z)); }, entropy},
      // Of (mu - mu_t)^2 / 2 = 2 (theta - theta_t)^2.
      {"euclidean", ramp, [=](Real t) { return 2 * square(t); }, 1},
      {"logistic", [](Real z) { return 1 / (1 + std::exp(-2 * z)); },
       [=](Real t) { return entropy(t) / 2; }},
      {"uniform", ramp, square, 1},
      {"triangular",
       [](Real z) {
         const Real side = std::max(2 - std::abs(z), Real{0});
         return z < 0 ? side * side / 8 : 1 - side * side / 8;
       },
       [](Real t) {
         const Real u = std::min(t, 1 - t);
         return std::sqrt(Real{8}) * u * std::sqrt(u) * 2 / 3 - 2 * u;
       },
       2},
      {"gaussian", gaussian_cdf,
       [](Real t) {
         const Real z = gaussian_quantile(t);
         return -std::exp(-kPi * z * z / 4) / kPi;
       }},
      {"laplace",
       [](Real z) { return z < 0 ? std::exp(z) / 2 : 1 - std::exp(-z) / 2; },
       [](Real t) {
         const Real u = std::min(t, 1 - t);
         return u * std::log(2 * u) - u;
       }},
      {"cauchy", [](Real z) { return 0.5L + std::atan(kPi * z / 2) / kPi; },
       [](Real t) { return -2 / (kPi * kPi) * std::log(std::sin(kPi * t)); }},
      {"sigmoid", [](Real z) { return 1 / (1 + std::exp(-z)); }, entropy},
  };
}

/// The slope of a function, by central differences.
Real slope(const Function& f, Real at) {
  const Real h = 1e-6L;
  return (f(at + h) - f(at - h)) / (2 * h);
}

/// theta -> D(theta, F(eta)).
Function divergence_from(const Case& c, Real eta) {
  const Real from = c.F(eta);
  const Real value = c.potential(from), tangent = slope(c.potential, from);
  return [=](Real t) { return c.potential(t) - value - tangent * (t - from); };
}

TEST(MirrorDescent, StepIsTheMinimumThatItClaims) {
  for (const auto& c : cases()) {
    for (const double latent : {-0.9, -0.3, 0.0, 0.7}) {
      const auto near = divergence_from(c, latent);
      for (const double g_w : {-0.9, 0.2, 0.6}) {
        for (const double rate : {0.1, 1.0}) {
          const auto objective = [&](Real t) {
            return 2 * g_w * t + near(t) / rate;
          };
          const std::string start =
              "mirror-descent(direction=sgd, divergence=" + c.name;
          const double plain = stepped(start + ")", latent, g_w, rate);
          EXPECT_NEAR(static_cast<double>(c.F(plain)),
                      golden_section(objective, 0, 1), 1e-8)
              << c.name;

          const double prior = 0.4, decay = 0.3;
          const auto to_prior = divergence_from(c, prior);
          const std::string decayed =
              start + ", decay=0.3, prior=0.4, decay_step=";
          const double implicit =
              stepped(decayed + "implicit)", latent, g_w, rate);
          EXPECT_NEAR(
              static_cast<double>(c.F(implicit)),
              golden_section(
                  [&](Real t) { return objective(t) + decay * to_prior(t); }, 0,
                  1),
              1e-8)
              << c.name;
          const Real pull = slope(to_prior, c.F(latent));
          const double expl = stepped(decayed + "explicit)", latent, g_w, rate);
          EXPECT_NEAR(
              static_cast<double>(c.F(expl)),
              golden_section(
                  [&](Real t) { return objective(t) + decay * pull * t; }, 0,
                  1),
              1e-8)
              << c.name;
          if (c.bound > 0) {
            EXPECT_LE(std::abs(plain), c.bound);
            EXPECT_LE(std::abs(implicit), c.bound);
          }
        }
      }
    }
  }
}

TEST(MirrorDescent, ProxyDescendsTheLossOfTheLatentWeight) {
  // g_w w + decay D(F(eta), F(prior)) with w = 2 F(eta) - 1.
  for (const auto& c : cases()) {
    for (const double latent : {-0.9, -0.3, 0.1, 0.7}) {
      for (const double decay : {0.0, 0.3}) {
        const double g_w = 0.8, rate = 0.5, prior = decay > 0 ? 0.4 : 0;
        const auto to_prior = divergence_from(c, prior);
        const auto loss = [&](Real eta) {
          return g_w * (2 * c.F(eta) - 1) + decay * to_prior(c.F(eta));
        };
        Real next = latent - rate * slope(loss, latent);
        if (c.bound > 0) next = std::min(std::max(next, -c.bound), c.bound);
        const auto spelling =
            "mirror-descent(direction=sgd, gradient=proxy, "
            "decay_step=explicit, divergence=" +
            c.name + ", decay=" + number_text(decay) +
            ", prior=" + number_text(prior) + ")";
        EXPECT_NEAR(stepped(spelling, latent, g_w, rate),
                    static_cast<double>(next), 1e-9)
            << spelling;
      }
    }
  }
}

TEST(MirrorDescent, CasesCoverEveryDivergence) {
  const BoundRule rule("mirror-descent");
  for (const auto& p : rule.record->parameters) {
    if (p.name != "divergence") continue;
    std::vector<std::string> tested;
    for (const auto& c : cases()) tested.push_back(c.name);
    EXPECT_EQ(tested, p.choices);
  }
}

TEST(MirrorDescent, EuclideanIsBinaryConnect) {
  for (const auto* direction : {"sgd", "momentum", "adam"}) {
    const auto run = [&](const std::string& rule, double rate) {
      auto p = numbers(0, 300).requires_grad_();
      Optimizer optimizer;
      optimizer.add("p", p, BoundRule(rule + "direction=" + direction + ")"),
                    ParameterKind::latent);
      for (uint32_t t = 1; t <= 5; ++t) {
        p.mutable_grad() = numbers(t, 300);
        optimizer.step(rate);
      }
      return p.detach().clone();
    };
    const auto expected = run("binaryconnect(", 0.5);
    EXPECT_TRUE(
        expected.equal(run("mirror-descent(divergence=euclidean, ", 0.5)));
    EXPECT_GT(expected.eq(1).sum().item<int64_t>(), 0);  // clipping was needed
    if (direction == std::string("sgd")) {
      EXPECT_TRUE(
          expected.equal(run("mirror-descent(divergence=uniform, ", 0.25)));
    }
  }
}

TEST(MirrorDescent, DecayIsApartFromTheDirection) {
  // A gradient of 0 leaves the direction at 0: the decay alone moves weights.
  for (const auto* direction : {"sgd", "momentum", "adam"}) {
    const std::string start = std::string("mirror-descent(direction=") +
                              direction + ", decay=2, prior=1, decay_step=";
    EXPECT_DOUBLE_EQ(stepped(start + "explicit)", 3, 0, 0.25), 2);
    EXPECT_DOUBLE_EQ(stepped(start + "implicit)", 4, 0, 0.25), 3);
  }
}

TEST(MirrorDescent, DrawsWeightsOfTheProbabilityThatTheLatentOneMeans) {
  // 27 frequencies of 2^18 weights: 6.5 standard errors, false alarm < 3e-9.
  constexpr int64_t n = int64_t{1} << 18;
  for (const auto& c : cases()) {
    for (const double latent : {-0.6, 0.0, 0.9}) {
      auto p = torch::full({n}, latent).requires_grad_();
      Optimizer optimizer;
      optimizer.add(
          "p", p,
          BoundRule("mirror-descent(samples=3, divergence=" + c.name + ")"),
          ParameterKind::latent);
      EXPECT_EQ(optimizer.passes(), 3);
      const auto w = optimizer.weights_of_pass(Random(8))(p);
      EXPECT_TRUE(w.detach().abs().eq(1).all().item<bool>());
      const auto probability = static_cast<double>(c.F(latent));
      EXPECT_NEAR((w.detach().mean().item<double>() + 1) / 2, probability,
                  6.5 * std::sqrt(probability * (1 - probability) / n))
          << c.name;
      const auto g = numbers(1, n);
      (w * g).sum().backward();
      EXPECT_TRUE(p.grad().equal(g));
      EXPECT_TRUE(w.equal(optimizer.weights_of_pass(Random(8))(p)));
      EXPECT_FALSE(w.equal(optimizer.weights_of_pass(Random(9))(p)));
    }
  }
}

std::string error_of(const std::string& spelling, double rate = 0.1) {
  try {
    stepped(spelling, 0.5, 0.1, rate);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(MirrorDescent, RefusesWhatIsNotDefined) {
  EXPECT_EQ(error_of("mirror-descent(decay=1, gradient=proxy)"),
            "mirror-descent: decay_step must be explicit for gradient=proxy, "
            "which is no mirror step, but got implicit");
  EXPECT_EQ(error_of("mirror-descent(prior=1)"),
            "mirror-descent: prior must be 0 without decay, but got 1");
  EXPECT_EQ(error_of("mirror-descent(divergence=uniform, decay=1, prior=-3)"),
            "mirror-descent: prior must be in [-1, 1] for divergence=uniform, "
            "but got -3");
  EXPECT_EQ(error_of("mirror-descent(decay=4, decay_step=explicit)", 0.5),
            "mirror-descent: rate * decay must be at most 1 for "
            "decay_step=explicit, but got 2");
  EXPECT_EQ(error_of("mirror-descent(decay=4)", 0.5), "");
}

}  // namespace
}  // namespace signet

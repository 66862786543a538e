// Propositions 8 to 10 and Example 1 of Shekhovtsov 2021, "Bias-Variance
// Tradeoffs in Single-Sample Binary Gradient Estimators", arXiv:2110.03549:
// DARN and the parts of FouST, for one {-1,+1} unit. A gradient in a is one in
// p times F'(a), and one in mu = 2p - 1 times 2F'(a).

#include <gtest/gtest.h>

#include <cmath>

#include "signet/core/torch.h"
#include "tests/core/estimator_problem.h"
#include "tests/core/one_unit.h"

namespace signet {
namespace {

double logit(double p) { return std::log(p / (1 - p)) / 2; }
double slope(double p) { return 2 * p * (1 - p); }

Tensor exponential(const Tensor& x) { return torch::exp(1.3 * x); }
double exponential_slope(double x) { return 1.3 * std::exp(1.3 * x); }

OneUnit sign_at(double p, const Noise::Function& loss) {
  return {.a = logit(p), .units = {}, .loss = loss};
}

TEST(Proposition8, MeanAndVarianceOfDarn) {
  // In p: mean L'(1) + L'(-1), variance ((1-p) L'(1) - p L'(-1))^2 / (p(1-p)).
  const double up = exponential_slope(1), down = exponential_slope(-1);
  for (const double p : {0.02, 0.3, 0.5, 0.9}) {
    const auto g = two_point(BoundEstimator("darn"), sign_at(p, exponential));
    EXPECT_NEAR(g.mean() / slope(p), up + down, 1e-9);
    EXPECT_NEAR(g.variance() / std::pow(slope(p), 2) /
                    (std::pow((1 - p) * up - p * down, 2) / (p * (1 - p))),
                1, 1e-9);
  }
  // p -> 0: L'(1)^2 / p; p -> 1: L'(-1)^2 / (1 - p).
  for (const bool rare_is_high : {true, false}) {
    const double rare = 1e-4, p = rare_is_high ? rare : 1 - rare;
    const auto g = two_point(BoundEstimator("darn"), sign_at(p, exponential));
    const double asymptote = std::pow(rare_is_high ? up : down, 2) / rare;
    EXPECT_NEAR(g.variance() / std::pow(slope(p), 2) / asymptote, 1, 3e-3);
  }
}

TEST(Example1, DarnMayBeWorseThanStraightThrough) {
  // L = |x + c|, in mu: truth min(c, 1); for c < 1 the mean of ST is 2p - 1
  // and that of DARN 0. c = 0.9, p = 0.95: biases 0 and -0.9.
  const auto in_mu = [](const std::string& name, double c, double p) {
    return two_point(BoundEstimator(name),
                     sign_at(p, [=](const Tensor& x) { return (x + c).abs(); }))
               .mean() /
           (2 * slope(p));
  };
  for (const double c : {0.3, 0.9}) {
    for (const double p : {0.2, 0.95}) {
      EXPECT_NEAR(in_mu("st", c, p), 2 * p - 1, 1e-12);
      EXPECT_NEAR(in_mu("darn", c, p), 0, 1e-12);
    }
  }
  const auto unit =
      sign_at(0.95, [](const Tensor& x) { return (x + 0.9).abs(); });
  EXPECT_NEAR(unit.gradient() / (2 * slope(0.95)), 0.9, 1e-12);
  EXPECT_NEAR(in_mu("st", 2, 0.95), 1, 1e-12);
  EXPECT_NEAR(in_mu("darn", 2, 0.95), 1, 1e-12);
}

// Seven standard errors: 2.6e-12 a comparison.
TEST(Proposition9, NoiseOperatorKeepsTheMeanAndAddsVariance) {
  // V = V1/S (1 + (S - 1) rho^2), V1 the variance of the wrapped rule.
  const int64_t n = int64_t{1} << 19;
  for (const std::string base : {"st", "darn"}) {
    const auto unit = sign_at(0.7, exponential);
    const auto one = two_point(BoundEstimator(base), unit);
    for (const auto& [keep, samples] :
         {std::pair{0.5, 4}, {0.9, 3}, {0.0, 5}, {1.0, 3}}) {
      const BoundEstimator estimator("fourier(estimator=" + base +
                                     ", samples=" + std::to_string(samples) +
                                     ", keep=" + number_text(keep) + ")");
      const auto g =
          one_unit_gradients(estimator, unit, n).gradient - one.mean();
      const double variance =
          one.variance() / samples * (1 + (samples - 1) * keep * keep);
      const auto square = g.square();
      const double root = std::sqrt(static_cast<double>(n));
      EXPECT_LT(std::abs(g.mean().item<double>()),
                7 * std::sqrt(variance) / root);
      EXPECT_LT(std::abs(square.mean().item<double>() - variance),
                7 * square.std().item<double>() / root)
          << estimator.spell();
    }
  }
}

TEST(Proposition9, NoiseOperatorKeepsTheMeanInAChain) {
  const int64_t n = int64_t{1} << 16;
  const auto problem = chain({});
  const auto plain = gradients(BoundEstimator("st"), problem, n, 1);
  for (const auto* name :
       {"fourier(samples=3, keep=0.5)", "averaged(samples=3)"}) {
    const auto g = gradients(BoundEstimator(name), problem, n, 2);
    const auto z = (g.mean(0) - plain.mean(0)) /
                   ((g.var(0) + plain.var(0)) / double(n)).sqrt();
    EXPECT_LT(z.abs().max().item<double>(), 7) << name;
    EXPECT_TRUE((g.var(0) < plain.var(0)).all().item<bool>()) << name;
  }
}

TEST(Proposition10, RescalingRemovesTheBiasWithTheTarget) {
  // Relative bias of ST on h_c(x) = L(x/c): (2p-1) L''(0) / (c L'(0)) + ...
  const double p = 0.8;
  const struct {
    double scale, bias, target;
  } cases[] = {{1, 1.289, 1.698}, {2, 1.054, 0.697},  {4, 0.920, 0.331},
               {8, 0.850, 0.163}, {16, 0.815, 0.081}, {32, 0.798, 0.041}};
  for (const auto& [c, scaled_bias, target] : cases) {
    const BoundEstimator estimator("rescaled(scale=" + number_text(c) + ")");
    const double mean =
        two_point(estimator, sign_at(p, exponential)).mean() / slope(p);
    const double exact = std::exp(1.3 / c) - std::exp(-1.3 / c);
    EXPECT_NEAR(c * (mean / exact - 1), scaled_bias, 6e-4);
    EXPECT_NEAR(exact / 2, target, 6e-4);  // in mu
  }
  EXPECT_NEAR((2 * p - 1) * 1.3, 0.78, 1e-12);
}

/// The mean over the random point at which relaxed-darn looks, by quadrature
/// over that number for each state.
double mean_of_relaxed(double from, const OneUnit& unit) {
  const int64_t n = 1 << 18;
  const uint64_t seed = 11;
  const auto [g, u] = one_unit_gradients(
      BoundEstimator("relaxed-darn(from=" + number_text(from) + ")"), unit, n,
      seed);
  const auto extra =
      LayerNoise(Random(seed), 0).extra(0).uniform({n}, torch::kDouble);
  const double p =
      unit.units.noise->cdf(torch::full({}, unit.a, torch::kDouble))
          .item<double>();
  const auto given = [&, &g = g](const Tensor& state) {
    const auto weights = quadrature_weights(extra.masked_select(state));
    return (g.masked_select(state) * weights).sum().item<double>();
  };
  return p * given(u < p) + (1 - p) * given(u >= p);
}

TEST(TaylorDiscounting, IntegratesTheDerivative) {
  // In p: [L(1) - L(f) + L(-f) - L(-1)] / (1 - f) for u ~ U[f, 1]; f = 0 is
  // the truth, for every noise and encoding.
  for (const auto& noise : noise_families()) {
    for (const auto encoding : {Encoding::bits, Encoding::signs}) {
      const OneUnit unit{0.4, {encoding, &noise}, exponential};
      EXPECT_NEAR(mean_of_relaxed(0, unit), unit.gradient(), 1e-7);
    }
  }
  for (const double f : {0.3, 0.9}) {
    const double expected = (std::exp(1.3) - std::exp(1.3 * f) +
                             std::exp(-1.3 * f) - std::exp(-1.3)) /
                            (1 - f);
    EXPECT_NEAR(mean_of_relaxed(f, sign_at(0.7, exponential)),
                slope(0.7) * expected, 1e-7);
  }
}

TEST(Foust, IsWhatItsPartsAre) {
  const auto problem = chain({});
  const auto same = [&](const std::string& one, const std::string& other) {
    return gradients(BoundEstimator(one), problem, 100, 5)
        .equal(gradients(BoundEstimator(other), problem, 100, 5));
  };
  EXPECT_TRUE(same("foust(scale=1, from=0.3, samples=3)",
                   "fourier(estimator=relaxed-darn(from=0.3), samples=3)"));
  EXPECT_TRUE(same("foust(keep=1, samples=1, from=0.3, scale=3)",
                   "rescaled(estimator=relaxed-darn(from=0.3), scale=3)"));
  EXPECT_TRUE(same("foust(from=1, keep=0, scale=1, samples=5)",
                   "averaged(estimator=darn, samples=5)"));
  EXPECT_TRUE(same("rescaled(estimator=darn, scale=1)", "darn"));
}

}  // namespace
}  // namespace signet

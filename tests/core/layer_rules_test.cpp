// Closed forms of the layer rules, and identities between them.

#include <gtest/gtest.h>

#include <cmath>

#include "signet/core/rule_noise.h"
#include "signet/core/torch.h"
#include "tests/core/estimator_problem.h"
#include "tests/core/one_unit.h"

namespace signet {
namespace {

constexpr double kEta = 0.7;

/// The published factor of L'(x) for a {0,1} unit with log-odds eta = 2a, at
/// the number u that drew it: z = logit(u), x = [z <= eta].
using Factor = std::function<Tensor(const Tensor& x, const Tensor& z)>;

TEST(LayerRules, LogisticBitsHaveThePublishedFactors) {
  const double p = 1 / (1 + std::exp(-kEta)), q = p * (1 - p);
  const auto steep = [](const Tensor& distance, double t) {
    const auto s = torch::sigmoid(distance / t);
    return s * (1 - s) / t;
  };
  const auto drawn = [&](const Tensor& x) { return p * x + (1 - p) * (1 - x); };
  const auto gapped = [&](const Tensor& x, const Tensor& gap, double t) {
    return steep(torch::where(x > 0.5, gap.clamp_min(kEta), gap), t);
  };
  const struct {
    std::string spelling;
    Factor factor;
  } cases[] = {
      {"st", [&](auto& x, auto&) { return torch::full_like(x, q); }},
      {"gumbel(temperature=0.3)",
       [&](auto&, auto& z) { return steep(kEta - z, 0.3); }},
      {"st-gumbel(temperature=0.3)",
       [&](auto&, auto& z) { return steep(kEta - z, 0.3); }},
      {"darn", [&](auto& x, auto&) { return (1 - drawn(x)) / 2; }},
      {"zgr",
       [&](auto& x, auto&) { return x * ((1 - p) / 2) + (1 - x) * (p / 2); }},
      {"reinmax(temperature=1.4)",
       [&](auto& x, auto&) {
         const auto h = (1 / (1 + std::exp(-kEta / 1.4)) + x) / 2;
         return 2 * h * (1 - h) - q / 2;
       }},
      {"gapped-st(gap=0.5)",
       [&](auto& x, auto&) {
         return gapped(x, torch::full_like(x, 0.5), 0.5);
       }},
      {"gapped-st(gap=1, temperature=0.8)",
       [&](auto& x, auto&) { return gapped(x, torch::ones_like(x), 0.8); }},
      {"gapped-st(probability=true)",
       [&](auto& x, auto&) {
         return gapped(x, -torch::log(1 - drawn(x)) / drawn(x), 0.5);
       }},
  };
  for (const auto& [spelling, factor] : cases) {
    const auto [g, u] = one_unit_gradients(BoundEstimator(spelling),
                                           {kEta / 2,
                                            {.encoding = Encoding::bits},
                                            [](const Tensor& x) { return x; }},
                                           2000);
    const auto x = (u < p).to(torch::kDouble);
    // d/da = 2 d/deta.
    EXPECT_TRUE((g / 2).allclose(factor(x, torch::logit(u)), 1e-10, 1e-12))
        << spelling;
  }
}

TEST(LayerRules, GapOfGstPIsTheMeanDistanceOfTheNoise) {
  // E[eta - z given z <= eta] = -log(1 - p)/p for logistic noise.
  const auto a = torch::full({1 << 16}, kEta / 2, torch::kDouble);
  const auto v = Random(4).site(0).uniform(a.sizes(), torch::kDouble);
  for (const bool high : {true, false}) {
    const auto z = noise_given_state(
        logistic_noise(), a, torch::full_like(a, high, torch::kBool), v);
    const auto distance = 2 * (a - z).abs() * quadrature_weights(v);
    const double p = 1 / (1 + std::exp(high ? -kEta : kEta));
    EXPECT_NEAR(distance.sum().item<double>(), -std::log(1 - p) / p, 1e-3);
  }
}

TEST(LayerRules, NoiseGivenTheStateHasItsLaw) {
  // F(z) is v F(a) above and, for symmetric noise, 1 - v (1 - F(a)) below.
  const auto a = torch::linspace(-0.9, 0.9, 101, torch::kDouble);
  const auto v = Random(5).site(0).uniform(a.sizes(), torch::kDouble);
  Noise skewed{
      .name = "minimum",
      .symmetric = false,
      .cdf = [](const Tensor& z) { return torch::exp(-torch::exp(-z)); },
      .density =
          [](const Tensor& z) { return torch::exp(-z - torch::exp(-z)); },
      .quantile = [](const Tensor& u) { return -torch::log(-torch::log(u)); }};
  auto families = noise_families();
  families.push_back(skewed);
  for (const auto& noise : families) {
    const auto p = noise.cdf(a);
    const auto high = torch::ones_like(a, torch::kBool);
    EXPECT_TRUE(noise.cdf(noise_given_state(noise, a, high, v))
                    .allclose(v * p, 1e-10, 1e-12));
    const auto share = noise.symmetric ? 1 - v : v;
    EXPECT_TRUE(noise.cdf(noise_given_state(noise, a, high.logical_not(), v))
                    .allclose(p + share * (1 - p), 1e-10, 1e-12))
        << noise.name;
  }
}

TEST(LayerRules, DarnZgrAndReinmaxAreOneRule) {
  for (const auto& noise : noise_families()) {
    for (const auto encoding : {Encoding::bits, Encoding::signs}) {
      for (const auto& problem :
           {one_layer({encoding, &noise}), chain({encoding, &noise})}) {
        const auto of = [&](const char* name) {
          return gradients(BoundEstimator(name), problem, 500, 8);
        };
        EXPECT_TRUE(of("darn").equal(of("zgr")));
        EXPECT_TRUE(of("darn").equal(of("reinmax")));
        EXPECT_TRUE(of("darn").allclose(of("reinmax(temperature=1.0000000001)"),
                                        1e-7, 1e-8))
            << noise.name;
        EXPECT_TRUE(of("darn").equal(of("relaxed-darn(from=1)")));
      }
    }
  }
}

TEST(LayerRules, ZgrIsTheAverageOfStAndPivotedDarn) {
  // 1/2 ((hi - lo) F' + (x - E x) d log P(x)), sample by sample.
  for (const auto& noise : noise_families()) {
    const OneUnit unit{
        0.4, {.noise = &noise}, [](const Tensor& x) { return x.exp(); }};
    const auto g = two_point(BoundEstimator("zgr"), unit);
    const double F = g.p;
    const double f =
        noise.density(torch::full({}, 0.4, torch::kDouble)).item<double>();
    const double mean = 2 * F - 1;
    EXPECT_NEAR(g.high, (2 * f + (1 - mean) * f / F) / 2 * std::exp(1), 1e-12);
    EXPECT_NEAR(g.low, (2 * f + (-1 - mean) * -f / (1 - F)) / 2 * std::exp(-1),
                1e-12);
  }
}

/// The factor of gumbel-rao with one sample averaged over the noise that each
/// state leaves open, by quadrature.
double mean_given_state(double temperature, const OneUnit& unit, bool high) {
  const int64_t n = 1 << 17;
  const uint64_t seed = 9;
  const auto [g, u] =
      one_unit_gradients(BoundEstimator("gumbel-rao(samples=1, temperature=" +
                                        number_text(temperature) + ")"),
                         unit, n, seed);
  const double p =
      unit.units.noise->cdf(torch::full({}, unit.a, torch::kDouble))
          .item<double>();
  const auto state = high ? u < p : u >= p;
  const auto v =
      LayerNoise(Random(seed), 0).extra(0).uniform({n}, torch::kDouble);
  const auto weights = quadrature_weights(v.masked_select(state));
  return (g.masked_select(state) * weights).sum().item<double>();
}

TEST(GumbelRao, TendsToZgrAsTheTemperatureFalls) {
  for (const auto& noise : noise_families()) {
    const OneUnit unit{
        0.4, {.noise = &noise}, [](const Tensor& x) { return x.exp(); }};
    const auto limit = two_point(BoundEstimator("zgr"), unit);
    for (const bool high : {true, false}) {
      const double to = high ? limit.high : limit.low;
      const double coarse = mean_given_state(0.08, unit, high) - to;
      const double fine = mean_given_state(0.02, unit, high) - to;
      EXPECT_LT(std::abs(fine), 0.02 * to) << noise.name;
      // O(t), or better: a quarter of the temperature, a quarter of the rest.
      EXPECT_LT(std::abs(fine), 0.27 * std::abs(coarse) + 1e-4 * to)
          << noise.name;
    }
  }
}

TEST(GumbelRao, HasTheMeanOfStGumbelWithLessVariance) {
  // eta = 0.7, t = 0.5, L' = (-1, 2), in eta: mean .1521, variance .1665 for
  // st-gumbel and .0780 for the exact average.
  const OneUnit unit{kEta / 2,
                     {.encoding = Encoding::bits},
                     [](const Tensor& x) { return 1.5 * x * x - x; }};
  const auto noisy = one_unit_moments(BoundEstimator("st-gumbel"), unit);
  EXPECT_NEAR(noisy.mean / 2, 0.1521, 5e-5);
  EXPECT_NEAR(noisy.variance / 4, 0.1665, 5e-5);
  const double p = 1 / (1 + std::exp(-kEta));
  const double high = mean_given_state(0.5, unit, true);
  const double low = mean_given_state(0.5, unit, false);
  EXPECT_NEAR(p * high + (1 - p) * low, noisy.mean, 1e-4);
  const double averaged = p * (1 - p) * std::pow(high - low, 2);
  EXPECT_NEAR(averaged / 4, 0.0780, 5e-5);
  // K samples: the exact average and 1/K of what it removes.
  const auto g = one_unit_gradients(BoundEstimator("gumbel-rao(samples=10)"),
                                    unit, 1 << 18)
                     .gradient;
  EXPECT_NEAR(g.mean().item<double>(), noisy.mean,
              7 * g.std().item<double>() / 512);
  const double expected = averaged + (noisy.variance - averaged) / 10;
  const auto square = (g - g.mean()).square();
  EXPECT_NEAR(square.mean().item<double>(), expected,
              7 * square.std().item<double>() / 512);
}

// Exact in every coordinate; false alarms 2.6e-12 a comparison.
TEST(Darn, IsExactForLossesQuadraticInEachUnit) {
  for (const auto& noise : noise_families()) {
    for (const auto encoding : {Encoding::bits, Encoding::signs}) {
      auto problem = one_layer({encoding, &noise});
      problem.loss = [](const auto& p, Sampler& s, const UnitOptions& u) {
        const auto x = s.draw(p[0], u);
        const auto w = torch::tensor({0.9, -0.4, 0.7, 0.5}, torch::kDouble);
        return (x * w).sum(-1).square() +
               x.select(-1, 0).square() * x.select(-1, 1) * x.select(-1, 2);
      };
      EXPECT_LT(deviation(BoundEstimator("reinmax"), problem, 3).z, 7);
      EXPECT_GT(deviation(BoundEstimator("st"), problem, 3).z, 7);
    }
  }
}

TEST(Gumbel, IsRightForCertainUnitsAtTheLowestTemperature) {
  // float against double at the same noise.
  const auto a = torch::tensor({-40.0, -3.0, 0.0, 1.0, 40.0}, torch::kDouble)
                     .expand({4000, 5})
                     .contiguous();
  for (const auto* name : {"gumbel", "st-gumbel", "gumbel-rao"}) {
    const BoundEstimator rule(std::string(name) + "(temperature=0.01)");
    const auto run = [&](at::ScalarType type) {
      const auto leaf = a.to(type).clone().requires_grad_();
      const auto estimate = rule(
          [&](Sampler& s) {
            return s.draw(leaf, {.encoding = Encoding::bits}).sum(-1);
          },
          Random(3));
      estimate.surrogate.sum().backward();
      return std::pair{estimate.loss.to(torch::kDouble),
                       leaf.grad().to(torch::kDouble)};
    };
    const auto [x, g] = run(torch::kFloat);
    const auto [exact_x, exact_g] = run(torch::kDouble);
    EXPECT_TRUE(x.allclose(exact_x, 1e-3, 1e-4)) << name;
    EXPECT_TRUE(g.allclose(exact_g, 1e-2, 1e-5)) << name;
    EXPECT_EQ(g.select(1, 0).abs().max().item<double>(), 0);
    EXPECT_EQ(g.select(1, 4).abs().max().item<double>(), 0);
    EXPECT_GT(g.select(1, 2).abs().max().item<double>(), 5);
  }
}

}  // namespace
}  // namespace signet

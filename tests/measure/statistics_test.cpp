// Statistics of estimators whose laws are known. Seeds are fixed; each
// statistical comparison has 6 standard errors (2e-9) or says what it has.

#include "signet/measure/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "signet/base/error.h"
#include "signet/core/random.h"
#include "signet/core/torch.h"
#include "signet/measure/bias_interval.h"
#include "signet/measure/quantiles.h"

namespace signet {
namespace {

const std::vector<ParameterRange> kRanges{
    {"all", 0, 6}, {"first", 0, 2}, {"second", 2, 4}};

/// Standard normal numbers [n, p].
Tensor normal(int64_t n, int64_t p, uint32_t seed) {
  const auto u = Random(seed)
                     .site(RandomUse::user)
                     .uniform({n, p}, at::TensorOptions(at::kDouble));
  return at::special_ndtri(u);
}

Tensor row(std::vector<double> values) {
  return torch::tensor(values, torch::kDouble);
}

Reference exact(const std::vector<double>& gradient) {
  return {.name = "known",
          .gradient = gradient,
          .error = std::vector<double>(gradient.size(), 1e-12)};
}

std::vector<GroupStatistics> statistics(
    const std::vector<ParameterRange>& ranges, const Reference& reference,
    const Tensor& samples, const Confidence& confidence = {},
    bool deterministic = false) {
  GradientStatistics all(ranges, reference, samples.size(0));
  // In uneven pieces, which must not matter.
  for (int64_t first = 0, k = 1; first < samples.size(0); ++k) {
    const int64_t count = std::min(37 * k, samples.size(0) - first);
    all.add(samples.narrow(0, first, count));
    first += count;
  }
  return all.result(confidence, {.deterministic = deterministic});
}

TEST(Quantiles, AreThoseOfTheTables) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959964, 1e-6);
  EXPECT_NEAR(normal_quantile(1e-9), -5.997807, 1e-5);
  // Chi-square with d degrees of freedom: mean d, variance 2d.
  EXPECT_NEAR(chi_square_quantile(0.995, 1, 2), 7.879, 0.1);
  EXPECT_NEAR(chi_square_quantile(0.95, 10, 20), 18.307, 0.02);
  EXPECT_NEAR(chi_square_quantile(0.05, 10, 20), 3.940, 0.02);
  EXPECT_NEAR(chi_square_quantile(0.05, 40, 320), 4 * 3.940, 0.1) << "scaled";
  EXPECT_EQ(chi_square_quantile(0.3, 2, 0), 2);
}

TEST(Statistics, AreThoseOfANormalEstimator) {
  const std::vector<double> g{1, -2, 0.5, 0, 3, 1};
  const auto bias = row({0.1, 0, 0, 0.2, 0, -0.1});
  const auto deviation = row({1, 2, 0.5, 0, 1, 3});
  const int64_t n = 200000;
  const auto samples = row(g) + bias + normal(n, 6, 1) * deviation;
  const auto all = statistics(kRanges, exact(g), samples);
  ASSERT_EQ(all.size(), 3u);
  for (size_t i = 0; i < all.size(); ++i) {
    const auto& group = all[i];
    const auto part = [&](const Tensor& t) {
      return t.narrow(0, kRanges[i].first, kRanges[i].count);
    };
    const auto sum = [&](const Tensor& t) {
      return part(t).sum().item<double>();
    };
    const double trace = sum(deviation.square());
    const double trace_of_square = sum(deviation.pow(4));
    const double norm = std::sqrt(sum(row(g).square()));
    const double true_bias = std::sqrt(sum(bias.square()));
    EXPECT_EQ(group.name, kRanges[i].name);
    EXPECT_NEAR(group.gradient_norm, norm, 1e-9);
    EXPECT_NEAR(group.variance, trace, 6 * std::sqrt(2 * trace_of_square / n));
    EXPECT_NEAR(group.variance_per_parameter,
                group.variance / part(bias).numel(), 1e-12);
    EXPECT_LE(group.bias_low, true_bias);
    EXPECT_GE(group.bias_high, true_bias);
    EXPECT_LT(group.bias_high - group.bias_low, 0.1);
    EXPECT_LE(group.bias_low, group.bias);
    EXPECT_GE(group.bias_high, group.bias);
    EXPECT_EQ(group.verdict, Verdict::biased);
    ASSERT_EQ(group.means.size(), 14u) << "1, 2, 5, ..., 20000";
    for (const auto& mean : group.means) {
      EXPECT_EQ(mean.means, n / mean.n);
      const double expected =
          std::sqrt(true_bias * true_bias + trace / mean.n) / norm;
      EXPECT_NEAR(mean.rmse, expected, 6 * mean.rmse_error) << mean.n;
      EXPECT_LT(mean.rmse_error / expected, 4 / std::sqrt(mean.means));
    }
  }
}

// In one dimension the cosine is the sign, so its mean is 2 P(right) - 1.
TEST(Statistics, CosineOfOneCoordinateIsItsSign) {
  const std::vector<ParameterRange> ranges{{"all", 0, 1}, {"one", 0, 1}};
  const int64_t n = 100000;
  const auto all = statistics(ranges, exact({-0.2}), normal(n, 1, 2) - 0.2);
  for (const auto& mean : all[0].means) {
    const double right = 0.5 * std::erfc(-0.2 * std::sqrt(mean.n / 2.0));
    const double error = 2 * std::sqrt(right * (1 - right) / mean.means);
    EXPECT_NEAR(mean.cosine, 2 * right - 1, 6 * error + 1e-3) << mean.n;
    EXPECT_NEAR(mean.cosine_low, right < 0.85 ? -1 : 1, 2e-3) << mean.n;
    EXPECT_NEAR(mean.cosine_high, 1, 2e-3);
  }
}

// In the plane the angle of n samples' mean is about normal for large n, with
// deviation s / (|g| sqrt n): cos = 1 - angle^2 / 2.
TEST(Statistics, CosineBandIsThatOfTheAngle) {
  const std::vector<ParameterRange> ranges{{"all", 0, 2}, {"both", 0, 2}};
  const int64_t n = 400000;
  const auto all =
      statistics(ranges, exact({3, 4}), row({3, 4}) + normal(n, 2, 3) * 10);
  const auto& mean = all[0].means.at(6);
  ASSERT_EQ(mean.n, 100);
  const double angle = 10.0 / (5 * 10);
  const auto at = [&](double share) {  // of |angle|
    return std::cos(angle * normal_quantile(0.5 + share / 2));
  };
  EXPECT_NEAR(mean.cosine, std::exp(-angle * angle / 2), 2e-3);
  EXPECT_NEAR(mean.cosine_low, at(0.85), 5e-3);
  EXPECT_NEAR(mean.cosine_high, at(0.15), 2e-3);
}

/// How often, in `runs` runs, something holds of 1000 samples of a normal
/// estimator with that bias.
template <class Holds>
int count_runs(int runs, const Tensor& bias, const Tensor& mixing,
               const Holds& holds) {
  const int64_t p = bias.numel();
  const std::vector<ParameterRange> ranges{{"all", 0, p}, {"group", 0, p}};
  const auto g = exact(std::vector<double>(p, 1));
  int count = 0;
  for (int run = 0; run < runs; ++run) {
    const auto samples =
        torch::matmul(normal(1000, mixing.size(0), 100 + run), mixing) + 1 +
        bias;
    count += holds(statistics(ranges, g, samples, {.alpha = 0.1})[0]);
  }
  return count;
}

// The true bias lies within the interval in at least 90 percent of runs: below
// 0.9 n - 5 sqrt(0.09 n) with chance 3e-7 if it were exactly 90 percent.
TEST(Statistics, IntervalsHoldTheBias) {
  const int runs = 200;
  const double least = 0.9 * runs - 5 * std::sqrt(0.09 * runs);
  const auto eye = [](int64_t p) { return torch::eye(p, torch::kDouble); };
  const auto ramp = torch::diag(torch::logspace(-2, 0, 8, 10, torch::kDouble));
  const auto correlated = torch::ones({1, 8}, torch::kDouble);
  for (const auto& mixing : {eye(1), eye(2), eye(30), ramp, correlated}) {
    const int64_t p = mixing.size(1);
    for (double size : {0.0, 0.03, 0.1, 1.0}) {
      for (bool one_coordinate : {false, true}) {
        auto bias = torch::zeros({p}, torch::kDouble);
        if (one_coordinate) {
          bias[p - 1] = size;
        } else {
          bias.fill_(size / std::sqrt(double(p)));
        }
        const int held = count_runs(runs, bias, mixing, [&](const auto& group) {
          return group.bias_low <= size + 1e-12 && group.bias_high >= size;
        });
        EXPECT_GE(held, least) << p << ' ' << size << ' ' << one_coordinate;
      }
    }
  }
}

// Bonferroni: at most alpha = 10 percent of unbiased estimators are called
// biased; beyond 0.1 n + 5 sqrt(0.09 n) with chance 3e-7.
TEST(Statistics, FewFalseAlarms) {
  const int runs = 1000;
  for (int64_t p : {1, 20}) {
    const int alarms = count_runs(
        runs, torch::zeros({p}, torch::kDouble), torch::eye(p, torch::kDouble),
        [](const auto& group) { return group.verdict == Verdict::biased; });
    EXPECT_LE(alarms, 0.1 * runs + 5 * std::sqrt(0.09 * runs));
    EXPECT_GE(alarms, 0.02 * runs) << "the test must have some power";
  }
}

TEST(Statistics, VerdictsAreWhatTheySay) {
  const std::vector<ParameterRange> ranges{{"all", 0, 2}, {"both", 0, 2}};
  const auto of = [&](int64_t n, double deviation, double bias) {
    const auto samples = normal(n, 2, 4) * deviation + row({3 + bias, 4});
    return statistics(ranges, exact({3, 4}), samples)[0].verdict;
  };
  // Error of the mean: 5e-4 of a norm of 5.
  EXPECT_EQ(of(10000, 0.05, 0), Verdict::unbiased);
  EXPECT_EQ(of(10000, 0.05, 0.01), Verdict::biased) << "0.2 percent";
  EXPECT_EQ(of(10000, 50, 0), Verdict::not_enough_samples);
  EXPECT_EQ(of(10000, 50, 1), Verdict::not_enough_samples);
  EXPECT_EQ(of(50, 0.001, 3), Verdict::not_enough_samples) << "no normal law";
}

TEST(Statistics, DeterministicEstimatorsHaveOneSample) {
  const std::vector<ParameterRange> ranges{{"all", 0, 2}, {"both", 0, 2}};
  const auto of = [&](std::vector<double> sample) {
    GradientStatistics all(ranges, exact({3, 4}), 1000);
    all.add(row(sample).unsqueeze(0));
    return all.result({}, {.deterministic = true})[0];
  };
  const auto right = of({3, 4});
  EXPECT_EQ(right.verdict, Verdict::unbiased);
  EXPECT_EQ(right.variance, 0);
  const auto wrong = of({3, 5});
  EXPECT_EQ(wrong.verdict, Verdict::biased);
  EXPECT_NEAR(wrong.bias, 1, 1e-9);
  EXPECT_NEAR(wrong.bias_low, 1, 1e-6);
  EXPECT_NEAR(wrong.bias_high, 1, 1e-6);
  ASSERT_EQ(wrong.means.size(), 7u);
  for (const auto& mean : wrong.means) {
    EXPECT_NEAR(mean.rmse, 0.2, 1e-9);
    EXPECT_NEAR(mean.cosine, 29 / (5 * std::sqrt(34.0)), 1e-9);
  }
}

TEST(Statistics, ErrorOfTheReferenceCounts) {
  // A reference 10 of its own standard errors off is no evidence of a bias
  // once those errors are known.
  const std::vector<ParameterRange> ranges{{"all", 0, 2}, {"both", 0, 2}};
  GradientStatistics first(ranges, exact({0, 0}), 400);
  first.add(normal(400, 2, 5) * 2 + row({3, 4}));
  const auto reference = first.as_reference("long run");
  EXPECT_EQ(reference.samples, 400);
  EXPECT_NEAR(reference.error[0], 0.1, 0.03);
  EXPECT_NEAR(reference.gradient[1], 4, 0.6);
  const auto samples = normal(100000, 2, 6) * 0.1 + row({3, 4});
  const auto group = statistics(ranges, reference, samples)[0];
  EXPECT_EQ(group.verdict, Verdict::not_enough_samples);
  EXPECT_NEAR(group.gradient_norm_error, std::sqrt(2) * 0.1, 0.03);
  EXPECT_LT(group.means.back().rmse, 0.1) << "the reference's error removed";
  auto certain = reference;
  certain.samples = 0;
  certain.error.assign(2, 1e-12);
  EXPECT_EQ(statistics(ranges, certain, samples)[0].verdict, Verdict::biased);
}

/// What verdict and interval owe one another.
void expect_agreement(const GroupStatistics& group, double tolerance) {
  EXPECT_LE(group.bias_low, group.bias);
  EXPECT_LE(group.bias, group.bias_high);
  EXPECT_EQ(group.verdict == Verdict::biased, group.bias_low > 0);
  if (group.verdict != Verdict::biased) {
    EXPECT_EQ(group.verdict == Verdict::unbiased,
              group.bias_high <= tolerance * group.gradient_norm);
  }
}

/// Samples of six coordinates, a state of probability p in the first three:
/// value 2, and the last three are normal with that deviation. [n, 6]
Tensor with_rare_state(int64_t n, double p, double deviation, uint32_t seed) {
  const auto u = Random(seed)
                     .site(RandomUse::user, 1)
                     .uniform({n, 1}, at::TensorOptions(at::kDouble));
  const auto drawn = (u < p).to(torch::kDouble) * 2;
  return torch::cat({drawn.expand({n, 3}), torch::zeros({n, 3}, u.options())},
                    1) +
         normal(n, 6, seed) * deviation;
}

// The rate is far below alpha = 1 percent: beyond 0.01 n + 5 sqrt(0.01 n) with
// chance 3e-7. Where the state is drawn the samples tell how far it jumps;
// where it hardly is, the problem does.
TEST(Statistics, RareStatesAreNoBias) {
  const int runs = 100;
  const int64_t n = 1000;
  for (double expected : {0.01, 2.0, 5.0, 12.0, 40.0}) {
    for (double deviation : {0.0, 1e-3}) {
      const double p = expected / n;
      const auto reference = exact({2 * p, 2 * p, 2 * p, 0, 0, 0});
      KnownOfEstimator known;
      if (expected < 25) {
        known.rare.expected = expected;
        known.rare.jump = {2 * std::sqrt(3.0), 2 * std::sqrt(2.0), 2};
      }
      int alarms = 0;
      for (int run = 0; run < runs; ++run) {
        GradientStatistics all(kRanges, reference, n);
        all.add(with_rare_state(n, p, deviation, 1000 + run));
        bool any = false;
        for (const auto& group : all.result({}, known)) {
          any |= group.verdict == Verdict::biased;
          expect_agreement(group, 0.01);
        }
        alarms += any;
      }
      EXPECT_LE(alarms, 0.01 * runs + 5 * std::sqrt(0.01 * runs))
          << expected << ' ' << deviation;
    }
  }
}

// K ~ Poisson(lambda) draws of one state: T = (K - lambda)^2, tr C = K.
TEST(BiasInterval, HoldsForPoissonNumbers) {
  for (double level : {0.05, 0.005, 1e-5}) {
    for (double lambda :
         {0.02, 0.5, 2.0, 4.0, 8.0, 10.0, 14.0, 24.0, 30.0, 100.0}) {
      double alarm = 0;
      for (int k = 0; k < 250; ++k) {
        const SquaredDistance distance{
            .seen = std::pow(k - lambda, 2),
            .noise = double(k),
            .noise_squares = double(k) * k,
            .along = double(k),
            .jump = k > 0 ? 1.0 : 0.0,
            .rare_jump = lambda < 25 ? 1.0 : 0.0,
            .rare_expected = lambda < 25 ? lambda : 0.0};
        if (least_bias(distance, level) > 0)
          alarm += std::exp(k * std::log(lambda) - lambda - std::lgamma(k + 1));
      }
      EXPECT_LE(alarm, 1.7 * level) << level << ' ' << lambda;
    }
  }
}

// 95 percent of runs find it: below 0.95 n - 5 sqrt(0.05 n) with chance 3e-7.
// Half of it is found by fewer.
TEST(Statistics, DetectableBiasIsFound) {
  const int runs = 200;
  for (int64_t p : {1, 30}) {
    const auto mixing = torch::eye(p, torch::kDouble);
    const auto found = [&](double size) {
      auto bias = torch::full({p}, size / std::sqrt(double(p)), torch::kDouble);
      return count_runs(runs, bias, mixing, [](const auto& group) {
        expect_agreement(group, 0.01);
        return group.verdict == Verdict::biased;
      });
    };
    double detectable = 0;
    count_runs(1, torch::zeros({p}, torch::kDouble), mixing,
               [&](const auto& group) {
                 detectable = group.detectable_bias;
                 return true;
               });
    EXPECT_GE(found(detectable), 0.95 * runs - 5 * std::sqrt(0.05 * runs)) << p;
    EXPECT_LE(found(detectable / 2), 0.8 * runs) << p;
  }
}

TEST(Statistics, RoundingIsNoBias) {
  const std::vector<ParameterRange> ranges{{"all", 0, 2}, {"both", 0, 2}};
  const auto of = [&](double rounding) {
    GradientStatistics all(ranges, exact({3, 4}), 1000);
    all.add(row({3, 4.001}).unsqueeze(0));
    return all.result(
        {}, {.deterministic = true, .rounding = {rounding, rounding}})[0];
  };
  EXPECT_EQ(of(1e-6).verdict, Verdict::biased);
  EXPECT_EQ(of(2e-3).verdict, Verdict::unbiased);
  EXPECT_GE(of(2e-3).bias_high, 3e-3);
  EXPECT_EQ(of(0.1).verdict, Verdict::not_enough_samples) << "cannot tell";
}

TEST(Statistics, AveragesAsAskedFor) {
  const auto reference = exact({1, 2, 3, 4, 5, 6});
  const auto samples = normal(1000, 6, 9);
  GradientStatistics all(kRanges, reference, 1000, {7, 3, 21, 3, 400});
  all.add(samples);
  const auto means = all.result({}, {})[0].means;
  ASSERT_EQ(means.size(), 5u) << "1 is always there";
  const int64_t numbers[] = {1, 3, 7, 21, 400};
  const auto g = row(reference.gradient);
  for (size_t i = 0; i < 5; ++i) {
    const int64_t n = numbers[i], count = 1000 / n;
    EXPECT_EQ(means[i].n, n);
    EXPECT_EQ(means[i].means, count);
    const auto mean =
        samples.narrow(0, 0, n * count).view({count, n, 6}).mean(1);
    const double square = (mean - g).square().sum(1).mean().item<double>();
    EXPECT_NEAR(means[i].rmse, std::sqrt(square) / g.norm().item<double>(),
                1e-9);
  }
  EXPECT_THROW(GradientStatistics(kRanges, reference, 1000, {1001}),
               UsageError);
  EXPECT_THROW(GradientStatistics(kRanges, reference, 1000, {0}), UsageError);
}

TEST(Statistics, RefusesRowsOfAnotherShape) {
  GradientStatistics all(kRanges, exact({1, 2, 3, 4, 5, 6}), 10);
  EXPECT_THROW(all.add(torch::zeros({2, 5}, torch::kDouble)), UsageError);
  EXPECT_THROW(all.add(torch::zeros({2, 6})), UsageError);
  EXPECT_THROW(GradientStatistics(kRanges, exact({1, 2}), 10), UsageError);
}

}  // namespace
}  // namespace signet

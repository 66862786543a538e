#include "signet/experiments/claim.h"

#include <gtest/gtest.h>

#include <cmath>

#include "signet/base/error.h"
#include "signet/core/random.h"
#include "signet/measure/quantiles.h"

namespace signet {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Claim claim_that(Region holds) {
  return {.id = "c",
          .sentence = "It holds.",
          .where = "here",
          .measured = "a number",
          .holds = holds};
}

// Tables of Student's t: 0.975 and 0.995.
TEST(StudentQuantile, IsThatOfTheTables) {
  EXPECT_NEAR(student_quantile(0.975, 1), 12.7062047, 1e-6);
  EXPECT_NEAR(student_quantile(0.975, 2), 4.30265273, 1e-7);
  EXPECT_NEAR(student_quantile(0.975, 3), 3.18244631, 1e-7);
  EXPECT_NEAR(student_quantile(0.975, 4), 2.77644511, 1e-7);
  EXPECT_NEAR(student_quantile(0.995, 9), 3.24983554, 1e-7);
  EXPECT_NEAR(student_quantile(0.025, 4), -2.77644511, 1e-7);
  EXPECT_NEAR(student_quantile(0.975, 100000), normal_quantile(0.975), 1e-4);
}

TEST(Claim, EveryVerdictCanComeOut) {
  const auto positive = claim_that({.from = 0});
  EXPECT_EQ(judge(positive, {.value = 2, .low = 1, .high = 3}),
            Finding::reproduced);
  EXPECT_EQ(judge(positive, {.value = -2, .low = -3, .high = -1}),
            Finding::not_reproduced);
  EXPECT_EQ(judge(positive, {.value = 1, .low = -1, .high = 3}),
            Finding::cannot_be_told);
  const auto near_one = claim_that({.from = 0.9, .to = 1.1});
  EXPECT_EQ(judge(near_one, computed(1.05)), Finding::reproduced);
  EXPECT_EQ(judge(near_one, computed(1.1)), Finding::reproduced);
  EXPECT_EQ(judge(near_one, computed(1.2)), Finding::not_reproduced);
  EXPECT_EQ(judge(near_one, computed(0.8)), Finding::not_reproduced);
  EXPECT_EQ(judge(near_one, {.value = 1, .low = 0.8, .high = 1.2}),
            Finding::cannot_be_told);
  EXPECT_THROW(judge(positive, computed(std::nan(""))), UsageError);
}

TEST(Claim, OneSeedTellsNothing) {
  const auto one = mean_over_seeds({3.0});
  EXPECT_EQ(one.low, -kInfinity);
  EXPECT_EQ(one.high, kInfinity);
  EXPECT_EQ(judge(claim_that({.from = 0}), one), Finding::cannot_be_told);
  EXPECT_THROW(mean_over_seeds({}), UsageError);
}

TEST(Claim, IntervalsAreStudents) {
  const auto s = mean_over_seeds({1, 2, 3, 4, 5});
  const double half = 2.77644511 * std::sqrt(2.5 / 5);
  EXPECT_DOUBLE_EQ(s.value, 3);
  EXPECT_NEAR(s.low, 3 - half, 1e-7);
  EXPECT_NEAR(s.high, 3 + half, 1e-7);
  EXPECT_EQ(s.n, 5);
  const auto d = paired_difference({2, 4, 7}, {1, 3, 6});
  EXPECT_DOUBLE_EQ(d.value, 1);
  EXPECT_DOUBLE_EQ(d.low, 1);
  EXPECT_DOUBLE_EQ(d.high, 1);
  EXPECT_THROW(paired_difference({1}, {1, 2}), UsageError);
}

// Of 4000 intervals of 3 normal values, 95 % hold the mean: 4.5 standard
// deviations, a false alarm in 1.5e5.
TEST(Claim, IntervalsHoldTheMeanAsOftenAsTheySay) {
  constexpr int kTrials = 4000, kSeeds = 3;
  const auto u = Random(1).site(0).uniform({kTrials, kSeeds, 12}, at::kDouble);
  int inside = 0;
  for (int t = 0; t < kTrials; ++t) {
    std::vector<double> values;
    for (int s = 0; s < kSeeds; ++s)  // nearly normal: a sum of twelve
      values.push_back(u[t][s].sum().item<double>() - 6);
    const auto statistic = mean_over_seeds(values);
    inside += statistic.low <= 0 && statistic.high >= 0;
  }
  EXPECT_NEAR(inside / double{kTrials}, 0.95,
              4.5 * std::sqrt(0.95 * 0.05 / kTrials));
}

// What is claimed of two is reproduced if it is of each, and cannot be told if
// one cannot, whichever has the greater value.
TEST(Claim, TheWorstOfSeveralDecides) {
  const Claim positive{.id = "c",
                       .sentence = "Both are positive.",
                       .where = "here",
                       .measured = "the lesser",
                       .holds = {.from = 0}};
  const Statistic sure{.value = 0.3, .low = 0.2, .high = 0.4, .n = 5},
      unsure{.value = 0.5, .low = -0.3, .high = 1.3, .confidence = 0.9, .n = 3};
  EXPECT_EQ(judge(positive, least_of({sure, sure})), Finding::reproduced);
  const auto least = least_of({sure, unsure});
  EXPECT_EQ(judge(positive, least), Finding::cannot_be_told);
  EXPECT_EQ(least.value, 0.3);
  EXPECT_EQ(least.low, -0.3);
  EXPECT_EQ(least.high, 0.4);
  EXPECT_EQ(least.confidence, 0.9);
  EXPECT_EQ(least.n, 3);
  const auto greatest = greatest_of({sure, unsure});
  EXPECT_EQ(greatest.value, 0.5);
  EXPECT_EQ(greatest.low, 0.2);
  EXPECT_EQ(greatest.high, 1.3);
  EXPECT_THROW(least_of({}), UsageError);
}

TEST(Claim, ExponentsAreFitted) {
  EXPECT_NEAR(fitted_exponent({1, 2, 4, 8}, {3, 12, 48, 192}), 2, 1e-12);
  EXPECT_NEAR(fitted_exponent({10, 1000}, {1, 0.1}), -0.5, 1e-12);
  EXPECT_THROW(fitted_exponent({1, 2}, {1, 0}), UsageError);
  EXPECT_THROW(fitted_exponent({2, 2}, {1, 3}), UsageError);
}

}  // namespace
}  // namespace signet

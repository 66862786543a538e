#include "signet/measure/gradients.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "signet/base/error.h"
#include "signet/core/torch.h"
#include "signet/measure/measurement.h"
#include "signet/measure/points_problem.h"
#include "signet/measure/rare_states.h"

namespace signet {
namespace {

Tensor samples(const std::string& estimator, const Problem& problem, int64_t n,
               uint32_t replica = 0) {
  return sample_gradients(BoundEstimator(estimator), problem, n,
                          Random(7).replica(replica))
      .gradients.to(torch::kDouble);
}

Tensor exact(const Problem& problem) {
  return samples("exact", in_double(problem), 1)[0];
}

/// Small enough for `exact`, which the layered oracle is compared with.
const char* const kProblems[] = {
    "one-unit",
    "one-unit(loss=cosine, encoding=signs, noise=laplace)",
    "polynomial(units=5, power=1.5)",
    "table(units=6)",
    "chain(layers=3, units=3)",
    "chain(layers=2, units=4, encoding=bits)"};

TEST(Problems, TableHoldsEveryFile) {
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(
           SIGNET_SOURCE_DIR "/signet/measure/problems")) {
    files += file.path().extension() == ".cpp";
  }
  EXPECT_EQ(table<ProblemRecord>().size(), files);
  EXPECT_THROW(make_problem("polynomal"), UsageError);
  EXPECT_THROW(make_problem("polynomial(unit=3)"), UsageError);
}

TEST(Problems, BothOraclesAgree) {
  for (const auto* spelling : kProblems) {
    const auto problem = make_problem(spelling);
    const auto layered = samples("exact-layered", in_double(problem), 1)[0];
    EXPECT_TRUE(at::allclose(layered, exact(problem), 1e-9, 1e-12)) << spelling;
  }
}

// The oracle differentiates the problem as it is written; finite differences
// of the expected loss do not.
TEST(Problems, ExactGradientIsThatOfTheExpectedLoss) {
  for (const auto* spelling : kProblems) {
    const auto problem = in_double(make_problem(spelling));
    const auto value = [&](const Tensor& row) {
      const auto moved = at_values(problem, row);
      std::vector<Tensor> leaves;
      for (const auto& p : all_parameters(moved))
        leaves.push_back(p.unsqueeze(0));
      return BoundEstimator("exact")(
                 [&](Sampler& s) { return moved.loss(leaves, s); }, Random(0))
          .loss.item<double>();
    };
    std::vector<Tensor> parts;
    for (const auto& p : all_parameters(problem)) parts.push_back(p.flatten());
    const auto row = torch::cat(parts);
    const auto gradient = exact(problem);
    for (int64_t j = 0; j < row.numel(); ++j) {
      auto up = row.clone(), down = row.clone();
      up[j] += 1e-5;
      down[j] -= 1e-5;
      EXPECT_NEAR((value(up) - value(down)) / 2e-5, gradient[j].item<double>(),
                  1e-8)
          << spelling << ' ' << j;
    }
  }
}

TEST(Problems, CosineHasTheTwoClassesOfPoints) {
  const auto problem = make_problem("cosine");
  EXPECT_EQ(problem.examples, 200);
  EXPECT_EQ(parameter_ranges(problem)[0].count, 15 + 30 + 30 + 6);
  // Its restriction to parts, averaged, is the whole.
  const auto part = [&](int64_t first, int64_t count) {
    const auto rows = torch::arange(first, first + count);
    return samples("exact-layered", in_double(problem.restricted(rows)), 1)[0];
  };
  EXPECT_TRUE(at::allclose(
      part(50, 5), exact(problem.restricted(torch::arange(50, 55))), 1e-9));
  const auto whole = part(0, 200);
  const auto mean = (part(0, 50) * 50 + part(50, 150) * 150) / 200;
  EXPECT_TRUE(at::allclose(mean, whole, 1e-9, 1e-12));
}

// 2.1 of the bias-variance paper, in logits: g = F'(a) L'(x), so
// E g = F'(a) ((1-p) L'(0) + p L'(1)) and V = F'(a)^2 p(1-p) (L'(1) - L'(0))^2.
TEST(Gradients, OneUnitHasTheRmseOfTheFormula) {
  const double a = 0.5, p = 1 / (1 + std::exp(-2 * a)),
               density = 2 * p * (1 - p);
  const auto derivative = [](double x) { return 1.3 * std::exp(1.3 * x); };
  const double truth = density * (std::exp(1.3) - 1);
  const double mean = density * ((1 - p) * derivative(0) + p * derivative(1));
  const double variance = density * density * p * (1 - p) *
                          std::pow(derivative(1) - derivative(0), 2);
  const auto problem = make_problem("one-unit");
  const auto reference = reference_gradient(problem, {});
  EXPECT_EQ(reference.name, "exact-layered");
  EXPECT_NEAR(reference.gradient[0], truth, 1e-6);
  const auto result =
      measure(problem, reference, {"st"}, {.samples = 200000}).estimators[0];
  const auto& group = result.groups[0];
  EXPECT_EQ(group.verdict, Verdict::biased);
  EXPECT_NEAR(group.bias, std::abs(mean - truth),
              6 * std::sqrt(variance / 200000));
  EXPECT_NEAR(group.variance / variance, 1, 0.02);
  for (const auto& at : group.means) {
    const double expected =
        std::sqrt(std::pow(mean - truth, 2) + variance / at.n) / truth;
    EXPECT_NEAR(at.rmse, expected, 6 * at.rmse_error) << at.n;
  }
}

// The same law, one sample at a time or side by side: mean and variance of
// every coordinate within 6 standard errors (81 coordinates: 3e-7).
TEST(Gradients, ReplicatesAreIndependentSamples) {
  const auto problem =
      make_problem("cosine").restricted(torch::arange(0, 200, 20));
  constexpr int64_t kRuns = 3000, kSideBySide = 30000;
  for (const auto* estimator : {"st", "reinforce"}) {
    std::vector<Tensor> rows;
    for (uint32_t r = 0; r < kRuns; ++r)
      rows.push_back(samples(estimator, problem, 1, r));
    const auto loop = torch::cat(rows);
    const auto wide = samples(estimator, problem, kSideBySide);
    const auto compare = [&](const Tensor& a, const Tensor& b) {
      const auto error =
          (a.var(0) / a.size(0) + b.var(0) / b.size(0)).sqrt() + 1e-9;
      return ((a.mean(0) - b.mean(0)).abs() / error).max().item<double>();
    };
    EXPECT_LT(compare(loop, wide), 6) << estimator;
    const auto mean = wide.mean(0);
    EXPECT_LT(compare((loop - mean).square(), (wide - mean).square()), 6);
    // Neighbouring replicates are uncorrelated.
    const auto centred = wide - mean;
    const auto product = centred.narrow(0, 0, kSideBySide - 1) *
                         centred.narrow(0, 1, kSideBySide - 1);
    EXPECT_LT(compare(product, torch::zeros_like(product)), 6);
  }
}

TEST(Gradients, DeterministicReplicatesAreEqual) {
  const auto problem = make_problem("cosine");
  const auto many = samples("st-deterministic", problem, 5);
  const auto one = samples("st-deterministic", problem, 1);
  EXPECT_TRUE(at::equal(many, one.expand_as(many)));
}

TEST(Gradients, MeanOverExamplesIsTheirGradient) {
  // Float kernels beside double formulas, on the deterministic estimator.
  const auto problem = make_problem("cosine");
  const auto narrow = samples("st-deterministic", problem, 3);
  const auto wide = samples("st-deterministic", in_double(problem), 3);
  EXPECT_TRUE(at::allclose(narrow, wide, 1e-4, 1e-6));
}

TEST(Gradients, EvaluationsAreCounted) {
  const auto problem = make_problem("cosine");
  const auto count = [&](const std::string& estimator) {
    return sample_gradients(BoundEstimator(estimator), problem, 3, Random(1))
        .evaluations;
  };
  EXPECT_EQ(count("st"), 1);
  EXPECT_EQ(count("reinforce"), 1);
  EXPECT_EQ(count("rloo(samples=6)"), 6);
}

TEST(Gradients, RunsHaveTheSizeOfACache) {
  EXPECT_EQ(replicates_of_a_run(make_problem("one-unit")), 4096);
  EXPECT_EQ(replicates_of_a_run(make_problem("cosine")), (1 << 19) / 3000);
}

TEST(Reference, LongRunAgreesWithTheOracle) {
  const auto problem = make_problem("chain(layers=2, units=3)");
  const auto oracle = reference_gradient(problem, {});
  const auto run = reference_gradient(
      problem,
      {.estimator = "rloo(samples=3)", .samples = 100000, .random = Random(3)});
  EXPECT_EQ(run.samples, 100000);
  EXPECT_NE(run.name.find("100000 samples of rloo"), std::string::npos);
  for (size_t j = 0; j < oracle.gradient.size(); ++j) {
    EXPECT_GT(run.error[j], 0);
    EXPECT_NEAR(run.gradient[j], oracle.gradient[j], 6 * run.error[j]);
  }
}

TEST(Reference, FallsBackOnALongRun) {
  const auto problem = make_problem("polynomial(units=50, logit=0.3)");
  const auto reference = reference_gradient(problem, {.samples = 5000});
  EXPECT_EQ(reference.samples, 5000);
  EXPECT_THROW(reference_gradient(problem, {.estimator = "exact"}), UsageError);
  EXPECT_THROW(reference_gradient(problem, {.estimator = "st"}), UsageError);
}

TEST(Measurement, SaysWhoIsBiased) {
  const auto problem = make_problem("chain(layers=2, units=3, scale=2)");
  const auto result = measure(problem, reference_gradient(problem, {}),
                              {"st", "reinforce", "exact", "rloo(samples=8)"},
                              {.samples = 50000});
  const auto verdict = [&](size_t i) {
    return result.estimators[i].groups[0].verdict;
  };
  EXPECT_EQ(verdict(0), Verdict::biased);
  EXPECT_NE(verdict(1), Verdict::biased);
  EXPECT_EQ(verdict(2), Verdict::unbiased);
  EXPECT_NE(verdict(3), Verdict::biased);
  EXPECT_EQ(result.estimators[2].samples, 1);
  EXPECT_EQ(result.estimators[3].evaluations, 8);
  for (const auto& e : result.estimators) EXPECT_GT(e.seconds, 0);
}

// Float sums of losses near 1/4 beside a gradient of 0.0003.
TEST(Measurement, RoundingIsNoBias) {
  const auto problem = make_problem("polynomial(units=12)");
  for (const auto& p : {problem, in_double(problem)}) {
    const auto result = measure(
        p, reference_gradient(p, {}),
        {"exact-layered", "exact", "local-expectation", "muprop", "psa"},
        {.samples = 2000});
    for (const auto& e : result.estimators) {
      const auto& whole = e.groups[0];
      EXPECT_NE(whole.verdict, Verdict::biased) << e.label;
      EXPECT_EQ(whole.bias_low, 0) << e.label;
    }
  }
  const auto narrow =
      measure(problem, reference_gradient(problem, {}), {"exact"}, {})
          .estimators[0]
          .groups[0];
  const auto wide = measure(in_double(problem), reference_gradient(problem, {}),
                            {"exact"}, {})
                        .estimators[0]
                        .groups[0];
  EXPECT_EQ(wide.verdict, Verdict::unbiased);
  EXPECT_GT(narrow.rounding, 0);
  EXPECT_LT(wide.rounding, 1e-7 * narrow.rounding);
}

/// Saturated: weights up to 8 in two layers of three units.
Problem saturated(int64_t examples) {
  uint32_t stream = 0;
  const auto uniform = [&](at::IntArrayRef shape, double size) {
    return (2 * Random(5).site(RandomUse::user, stream++).uniform(shape) - 1) *
           size;
  };
  const auto inputs = uniform({examples, 2}, 1);
  const auto labels = torch::ones({examples});
  std::vector<Problem::Group> layers;
  int64_t below = 2;
  for (int64_t width : {3, 3, 1}) {
    layers.push_back({"layer " + std::to_string(layers.size() + 1),
                      {uniform({width, below}, 8), uniform({width}, 8)}});
    below = width;
  }
  return points_problem({inputs, labels}, layers, {.encoding = Encoding::bits});
}

// 64 measurements, of which each alarms with a chance of at most 1 percent:
// more than 6 with chance 1e-5.
TEST(Measurement, RareStatesAreNoBias) {
  int alarms = 0;
  for (int64_t examples : {1, 8}) {
    const auto problem = saturated(examples);
    const auto reference = reference_gradient(problem, {});
    for (uint64_t seed = 1; seed <= 4; ++seed) {
      const auto result =
          measure(problem, reference,
                  {"disarm", "rloo(samples=2)", "reinforce", "muprop"},
                  {.samples = 500, .random = Random(seed)});
      for (const auto& e : result.estimators) {
        alarms += std::any_of(
            e.groups.begin(), e.groups.end(),
            [](const auto& g) { return g.verdict == Verdict::biased; });
      }
    }
  }
  EXPECT_LE(alarms, 4);
}

// One unit: flipping it is the rare state, h = L(x) d log P(x).
TEST(RareStates, OfOneUnitAreThoseOfTheFormula) {
  const double a = 4, p = 1 / (1 + std::exp(2 * a));  // P(low)
  const auto problem = make_problem("one-unit(logit=4)");
  const auto rare = rare_states(problem, 2000);
  EXPECT_NEAR(rare.expected, 2000 * p, 1e-6);
  const double high = std::exp(1.3), low = 1;
  const double with = std::abs(low - high) * 2 * (1 - p);
  const double without = low * 2 * (1 - p) + high * 2 * p;
  ASSERT_EQ(rare.jump.size(), 2u);
  EXPECT_NEAR(rare.jump[0], std::max(with, without), 1e-9);
  // A state that is drawn often is not rare.
  EXPECT_EQ(rare_states(make_problem("one-unit(logit=1)"), 2000).expected, 0);
}

TEST(RareStates, CountAllExamples) {
  const auto problem = saturated(8);
  const auto rare = rare_states(problem, 500);
  EXPECT_GT(rare.expected, 0);
  ASSERT_EQ(rare.jump.size(), 4u);
  for (double jump : rare.jump) EXPECT_GE(rare.jump[0], jump);
  // A unit of one of eight examples moves the mean an eighth as far.
  const auto fewer = rare_states(problem.restricted(torch::arange(1)), 500);
  EXPECT_GT(rare.expected, fewer.expected);
}

TEST(Reference, HasTheExpectedLoss) {
  const auto problem = make_problem("one-unit");
  const double p = 1 / (1 + std::exp(-2 * 0.5));
  const double loss = p * std::exp(1.3) + 1 - p;
  const auto oracle = reference_gradient(problem, {});
  EXPECT_NEAR(oracle.loss, loss, 1e-6);
  EXPECT_EQ(oracle.loss_error, 0);
  const auto run =
      reference_gradient(problem, {.estimator = "rloo", .samples = 20000});
  EXPECT_GT(run.loss_error, 0);
  EXPECT_NEAR(run.loss, loss, 6 * run.loss_error);
}

TEST(Measurement, SeedDecidesTheNumbers) {
  const auto problem = make_problem("table(units=4)");
  const auto reference = reference_gradient(problem, {});
  const auto once = [&](uint64_t seed) {
    return measure(problem, reference, {"reinforce"},
                   {.samples = 1000, .random = Random(seed)})
        .estimators[0]
        .groups[0]
        .variance;
  };
  EXPECT_EQ(once(1), once(1));
  EXPECT_NE(once(1), once(2));
}

TEST(Measurement, RefusesEstimatorsOfABound) {
  const auto problem = make_problem("table(units=4)");
  EXPECT_THROW(measure(problem, reference_gradient(problem, {}), {"vimco"}, {}),
               UsageError);
}

}  // namespace
}  // namespace signet

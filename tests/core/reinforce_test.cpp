// The baselines of the score function.

#include <gtest/gtest.h>

#include "signet/core/estimator.h"
#include "signet/core/noise.h"
#include "signet/core/states.h"
#include "signet/core/torch.h"
#include "tests/core/estimator_problem.h"

namespace signet {
namespace {

/// All states of the units of `one_layer`: what a mean over them needs.
struct States {
  explicit States(const Problem& problem) {
    const auto& a = problem.parameters[0];
    const auto objective = [&](Sampler& s) {
      return problem.loss({a.unsqueeze(0)}, s, problem.units);
    };
    const auto all =
        run_path(objective, Random(1), {StateSpace(objective).states(0, 16)});
    const auto& layer = all.layers[0];
    loss = all.loss.squeeze(1);
    weight = state_log_probability(all).exp().squeeze(1);
    p = layer.probability().squeeze(0);
    is_high = layer.is_high().squeeze(1).to(torch::kDouble);
    score = layer.score().squeeze(1);
  }
  Tensor mean(const Tensor& of) const {
    return (of * weight.view({16, 1})).sum(0);
  }
  /// Variance of (L - c) s for each unit.
  Tensor variance(const Tensor& c) const {
    const auto g = (loss.view({16, 1}) - c) * score;
    return mean(g.square()) - mean(g).square();
  }
  Tensor p, loss, weight, is_high, score;
};

double value(const Tensor& t) { return t.item<double>(); }

double largest(const Tensor& t) { return value(t.abs().max()); }

class Baselines : public testing::TestWithParam<Noise> {
 protected:
  Problem problem = one_layer({Encoding::bits, &GetParam()});
  States states{problem};
  Tensor loss = states.loss.view({16, 1});
  Tensor best = states.mean(states.score.square() * loss) /
                states.mean(states.score.square());

  /// What 150 batches of 10,000 teach. [state]
  EstimatorState learn(const BoundEstimator& estimator) const {
    EstimatorState state;
    for (uint64_t step = 0; step < 150; ++step)
      gradients(estimator, problem, 10'000, 300 + step, state);
    state.learning = false;
    return state;
  }
  void expect_variance(const std::string& spelling, const Tensor& c,
                       EstimatorState state = {}) const {
    state.learning = false;
    const auto g =
        gradients(BoundEstimator(spelling), problem, 1 << 18, 19, state);
    // Relative standard error about 4e-3.
    EXPECT_LT(largest(g.var(0) / states.variance(c) - 1), 0.03) << spelling;
  }
};

TEST_P(Baselines, OptimalOneOfAUnitIsTheMeanLossOfTheOtherState) {
  const auto given = [&](const Tensor& state) {
    return states.mean(state * loss) / states.mean(state);
  };
  const auto swapped = (1 - states.p) * given(states.is_high) +
                       states.p * given(1 - states.is_high);
  EXPECT_LT(largest(swapped - best), 1e-12);
  // It is a minimum.
  for (const double h : {-0.01, 0.01})
    EXPECT_TRUE(
        (states.variance(best + h) > states.variance(best)).all().item<bool>());
}

TEST_P(Baselines, HaveTheVarianceOfTheFormula) {
  const auto none = torch::zeros({1}, torch::kDouble);
  const auto mean = states.mean(loss);
  expect_variance("reinforce", none);
  expect_variance(
      "reinforce(baseline=constant, value=" + number_text(value(mean)) + ")",
      mean);
  EXPECT_LT(value(states.variance(mean).sum()),
            value(states.variance(none).sum()));
}

TEST_P(Baselines, LearnWhatTheyShould) {
  const auto average = learn(BoundEstimator("reinforce(baseline=average)"));
  const auto mean = states.mean(loss).squeeze();
  // The mean of about 40 batches of 10,000.
  EXPECT_NEAR(value(average.tensors.at("average")) / value(mean), 1, 0.01);
  expect_variance("reinforce(baseline=average)", average.tensors.at("average"),
                  average);
  const auto unit = learn(BoundEstimator("reinforce(baseline=unit)"));
  const auto c =
      unit.tensors.at("layer 0.num") / (unit.tensors.at("layer 0.den") + 1e-4);
  EXPECT_LT(largest(c / best - 1), 0.01);
  expect_variance("reinforce(baseline=unit)", best, unit);
}

INSTANTIATE_TEST_SUITE_P(Noise, Baselines,
                         testing::Values(logistic_noise(), triangular_noise(),
                                         cauchy_noise()),
                         [](const auto& each) { return each.param.name; });

TEST(Baseline, DoesNotContainTheCurrentBatch) {
  for (const std::string kind : {"average", "unit"}) {
    EstimatorState state;
    const BoundEstimator estimator("reinforce(baseline=" + kind + ")");
    const auto problem = chain({});
    // Averages start at 0.
    const auto first = gradients(estimator, problem, 50, 1, state);
    EXPECT_TRUE(
        first.equal(gradients(BoundEstimator("reinforce"), problem, 50, 1)));
    const auto second = gradients(estimator, problem, 50, 1, state);
    EXPECT_FALSE(first.equal(second));
  }
}

}  // namespace
}  // namespace signet

#include "signet/measure/basket.h"

#include <gtest/gtest.h>

#include <cmath>

#include "signet/base/error.h"
#include "signet/core/torch.h"
#include "signet/measure/gradients.h"

namespace signet {
namespace {

TEST(MovingVariance, IsTheFormula) {
  const int64_t n = 50;
  const auto g =
      Random(3).site(RandomUse::user).uniform({n, 4}).to(torch::kDouble);
  MovingVariance moving(0.9);
  EXPECT_EQ(moving.value(), 0);
  for (int64_t t = 0; t < n; ++t) moving.add(g[t]);
  // The moments written out: weights proportional to 0.9^age.
  const auto age = torch::arange(n - 1, -1, -1, torch::kDouble);
  auto weights = torch::pow(0.9, age).unsqueeze(1);
  weights = weights / weights.sum();
  const auto mean = (weights * g).sum(0);
  const auto expected = ((weights * g * g).sum(0) - mean.square()).mean();
  EXPECT_NEAR(moving.value(), expected.item<double>(), 1e-12);
}

TEST(MovingVariance, OfOneGradientIsZero) {
  MovingVariance moving;
  moving.add(torch::ones({3}, torch::kDouble));
  EXPECT_NEAR(moving.value(), 0, 1e-15);
}

// At rest (rate 0) the moving variance is the estimator's own, but for the
// spread of the weights: E = V (1 - sum w^2).
TEST(Basket, AtRestShowsTheVarianceOfTheEstimators) {
  const auto problem = make_problem("table(units=4)");
  const auto basket = run_basket(problem, {"st", "reinforce", "exact"},
                                 {.steps = 4000, .rate = 0});
  ASSERT_EQ(basket.curves.size(), 3u);
  EXPECT_EQ(basket.steps.size(), 200u);
  EXPECT_EQ(basket.steps.back(), 4000);
  for (int i : {0, 1}) {
    const auto samples =
        sample_gradients(BoundEstimator(basket.curves[i].estimator), problem,
                         20000, Random(9))
            .gradients.to(torch::kDouble);
    const double variance = samples.var(0).mean().item<double>();
    // About 2000 effective samples: 5 standard errors of a kurtosis of 6.
    EXPECT_NEAR(basket.curves[i].variance.back() / variance, 1, 0.25);
  }
  EXPECT_LT(basket.curves[2].variance.back(), 1e-12);
}

TEST(Basket, FirstEstimatorDrives) {
  const auto problem = in_double(make_problem("table(units=4)"));
  const auto basket = run_basket(problem, {"exact", "reinforce"},
                                 {.steps = 3, .rate = 0.1, .optimizer = "sgd"});
  // Three steps of plain descent by hand.
  auto values = all_parameters(problem)[0].clone();
  for (int step = 0; step < 3; ++step) {
    values -= 0.1 * sample_gradients(BoundEstimator("exact"),
                                     at_values(problem, values), 1, Random(0))
                        .gradients[0];
  }
  EXPECT_TRUE(at::allclose(all_parameters(basket.end)[0], values, 1e-9, 1e-12));
}

TEST(Basket, TrainsOnMinibatches) {
  const auto problem = make_problem("cosine");
  const auto basket =
      run_basket(problem, {"st"}, {.steps = 400, .batch = 20, .rate = 0.05});
  const auto loss = [](const Problem& p) {
    std::vector<Tensor> leaves;
    for (const auto& t : all_parameters(p))
      leaves.push_back(t.to(torch::kDouble).unsqueeze(0));
    return BoundEstimator("exact-layered")(
               [&](Sampler& s) { return p.loss(leaves, s); }, Random(0))
        .loss.mean()
        .item<double>();
  };
  EXPECT_LT(loss(basket.end), 0.8 * loss(problem));
}

TEST(Basket, RefusesWhatItCannotDo) {
  const auto problem = make_problem("table(units=4)");
  EXPECT_THROW(run_basket(problem, {}, {}), UsageError);
  EXPECT_THROW(run_basket(problem, {"st"}, {.batch = 5}), UsageError);
  EXPECT_THROW(run_basket(problem, {"st"}, {.optimizer = "lbfgs"}), UsageError);
  EXPECT_THROW(run_basket(problem, {"stt"}, {}), UsageError);
}

}  // namespace
}  // namespace signet

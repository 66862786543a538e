#include "signet/experiments/papers/problem_training.h"

#include <gtest/gtest.h>

#include "signet/base/error.h"
#include "signet/core/torch.h"
#include "signet/measure/gradients.h"

namespace signet {
namespace {

Tensor row_of(const Problem& problem) {
  std::vector<Tensor> parts;
  for (const auto& p : all_parameters(problem)) parts.push_back(p.flatten());
  return torch::cat(parts);
}

Tensor exact_gradient(const Problem& problem) {
  return sample_gradients(BoundEstimator("exact-layered"), problem, 1,
                          Random(1))
      .gradients[0];
}

TEST(TrainInStages, StepsAlongTheGradientWithMomentum) {
  const auto problem = make_problem("cosine(seed=3)");
  const auto stages = train_in_stages(
      problem, {1, 2}, {.rate = 0.1, .momentum = 0.5, .batch = 200});
  const auto g = exact_gradient(problem);
  const auto first = row_of(problem) - 0.1 * g;
  EXPECT_TRUE(torch::allclose(row_of(stages[0]), first, 0, 1e-6));
  const auto velocity = 0.5 * g + exact_gradient(stages[0]);
  EXPECT_TRUE(
      torch::allclose(row_of(stages[1]), first - 0.1 * velocity, 0, 1e-6));
}

TEST(TrainInStages, AStageIsTheRunThatEndsThere) {
  const auto problem = make_problem("cosine(seed=3)");
  const ProblemTraining training{.estimator = "st", .random = Random(7)};
  const auto stages = train_in_stages(problem, {1, 4}, training);
  const auto alone = train_in_stages(problem, {4}, training);
  EXPECT_TRUE(row_of(stages[1]).equal(row_of(alone[0])));
  EXPECT_FALSE(row_of(stages[0]).equal(row_of(alone[0])));
}

TEST(TrainInStages, WantsExamples) {
  EXPECT_THROW(train_in_stages(make_problem("chain"), {1}, {}), UsageError);
}

}  // namespace
}  // namespace signet

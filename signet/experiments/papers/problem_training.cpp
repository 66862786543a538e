#include "signet/experiments/papers/problem_training.h"

#include <algorithm>

#include "signet/core/checks.h"
#include "signet/core/torch.h"
#include "signet/measure/gradients.h"

namespace signet {

std::vector<Problem> train_in_stages(
    const Problem& problem, const std::vector<int64_t>& epochs,
    const ProblemTraining& training,
    const std::function<void(int64_t)>& progress) {
  check(problem.restricted != nullptr, problem.name,
        "must have examples to be trained on");
  const BoundEstimator estimator(training.estimator);
  EstimatorState state;
  std::vector<Tensor> parts;
  for (const auto& parameter : all_parameters(problem))
    parts.push_back(parameter.detach().flatten());
  auto values = torch::cat(parts);
  auto velocity = torch::zeros_like(values);
  std::vector<Problem> stages;
  uint32_t step = 0;
  int64_t epoch = 0;
  for (const int64_t stage : epochs) {
    for (; epoch < stage; ++epoch) {
      const auto order = training.random.at_step(static_cast<uint32_t>(epoch))
                             .site(RandomUse::shuffle)
                             .permutation(problem.examples);
      for (const auto& rows : order.split(training.batch)) {
        const auto here = at_values(problem.restricted(rows), values);
        const auto g = sample_gradients(estimator, here, 1,
                                        training.random.at_step(step++), state)
                           .gradients[0];
        velocity.mul_(training.momentum).add_(g);
        values = values - training.rate * velocity;
      }
      if (progress) progress(epoch + 1);
    }
    stages.push_back(at_values(problem, values));
  }
  return stages;
}

}  // namespace signet

#include "signet/measure/rounding.h"

#include <algorithm>
#include <cmath>

#include "signet/core/torch.h"
#include "signet/measure/gradients.h"

namespace signet {
namespace {

constexpr int64_t kDraws = 64;
// The same sums in another order round otherwise.
constexpr double kOtherOrder = 3;
constexpr double kDoubleOfFloat = 0x1p-27;

Tensor estimates(const BoundEstimator& estimator, const Problem& problem,
                 int64_t replicates, const Random& random,
                 const EstimatorState& learned) {
  EstimatorState state;
  state.learning = false;
  const auto type = all_parameters(problem)[0].scalar_type();
  for (const auto& [name, tensor] : learned.tensors)
    state.tensors[name] = tensor.is_floating_point() ? tensor.to(type) : tensor;
  return sample_gradients(estimator, problem, replicates, random, state)
      .gradients.to(torch::kDouble);
}

}  // namespace

Problem in_float(Problem problem) {
  for (auto& group : problem.groups) {
    for (auto& p : group.parameters) p = p.to(torch::kFloat);
  }
  return problem;
}

std::vector<double> rounding_of_estimate(const BoundEstimator& estimator,
                                         const Problem& problem,
                                         int64_t replicates,
                                         const Random& random,
                                         const EstimatorState& state) {
  const auto& traits = estimator.record().traits;
  const bool is_double =
      all_parameters(problem)[0].scalar_type() == torch::kDouble;
  const auto narrow = in_float(problem), wide = in_double(problem);
  const int64_t draws = traits.deterministic ? 1 : kDraws;
  const int64_t at_once =
      std::clamp<int64_t>(std::min(replicates, draws), 1, draws);
  const auto ranges = parameter_ranges(problem);
  std::vector<Tensor> norms(ranges.size());
  for (int64_t first = 0; first < draws; first += at_once) {
    const auto source = random.branch(static_cast<uint64_t>(first));
    const auto run = [&](const Problem& p) {
      return estimates(estimator, p, at_once, source, state);
    };
    const auto difference = run(narrow) - run(wide);
    for (size_t i = 0; i < ranges.size(); ++i) {
      const auto norm =
          difference.narrow(1, ranges[i].first, ranges[i].count).norm(2, 1);
      norms[i] = norms[i].defined() ? torch::cat({norms[i], norm}) : norm;
    }
  }
  std::vector<double> result;
  for (const auto& norm : norms) {
    result.push_back(kOtherOrder * norm.median().item<double>() *
                     (is_double ? kDoubleOfFloat : 1));
  }
  return result;
}

}  // namespace signet

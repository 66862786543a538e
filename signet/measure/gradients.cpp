#include "signet/measure/gradients.h"

#include <algorithm>

#include "signet/core/checks.h"
#include "signet/core/samplers.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// Counts the elements of all layers; draws the mode.
class CountingSampler : public Sampler {
 public:
  Tensor draw(const Tensor& logits, const UnitOptions& units) override {
    elements += logits.numel();
    return ModeSampler().draw(logits, units);
  }
  int64_t elements = 0;
};

}  // namespace

std::vector<Tensor> replicated_parameters(const Problem& problem,
                                          int64_t replicates) {
  std::vector<Tensor> leaves;
  for (const auto& parameter : all_parameters(problem)) {
    auto shape = parameter.sizes().vec();
    shape.insert(shape.begin(), replicates);
    leaves.push_back(parameter.expand(shape).clone().requires_grad_());
  }
  return leaves;
}

Tensor gradient_rows(const std::vector<Tensor>& leaves) {
  std::vector<Tensor> rows;
  for (const auto& leaf : leaves) {
    const auto gradient =
        leaf.grad().defined() ? leaf.grad() : torch::zeros_like(leaf.detach());
    rows.push_back(gradient.reshape({leaf.size(0), -1}));
  }
  return torch::cat(rows, 1);
}

GradientSamples sample_gradients(const BoundEstimator& estimator,
                                 const Problem& problem, int64_t replicates,
                                 const Random& random, EstimatorState& state) {
  check(replicates > 0, "sample_gradients", "replicates must be positive");
  const auto leaves = replicated_parameters(problem, replicates);
  const int64_t losses = replicates * std::max<int64_t>(problem.examples, 1);
  int64_t evaluated = 0;
  const auto estimate = estimator(
      [&](Sampler& sampler) {
        auto loss = problem.loss(leaves, sampler);
        evaluated += loss.numel();
        return loss;
      },
      random, state);
  check(estimate.surrogate.numel() == losses, problem.name,
        "the loss must have " + std::to_string(losses) +
            " values, but the estimate has shape " +
            shape_text(estimate.surrogate.sizes()));
  // The weights of a row make its gradient that of the mean over examples.
  const double weight = static_cast<double>(replicates) / losses;
  estimate.surrogate.backward(
      torch::full({}, weight, estimate.surrogate.options())
          .expand(estimate.surrogate.sizes()));
  return {gradient_rows(leaves), static_cast<double>(evaluated) / losses,
          estimate.loss.to(torch::kDouble).reshape({replicates, -1}).mean(1)};
}

GradientSamples sample_gradients(const BoundEstimator& estimator,
                                 const Problem& problem, int64_t replicates,
                                 const Random& random) {
  EstimatorState none;
  none.learning = false;
  return sample_gradients(estimator, problem, replicates, random, none);
}

int64_t replicates_of_a_run(const Problem& problem) {
  // Floats of one tensor of all units. A layer's tensors are a few times that.
  constexpr int64_t kElements = int64_t{1} << 19;
  constexpr int64_t kMost = 4096;
  torch::NoGradGuard no_gradient;
  CountingSampler sampler;
  problem.loss(replicated_parameters(problem, 1), sampler);
  int64_t elements = std::max<int64_t>(sampler.elements, problem.examples);
  for (const auto& parameter : all_parameters(problem))
    elements = std::max(elements, parameter.numel());
  return std::clamp<int64_t>(kElements / std::max<int64_t>(elements, 1), 1,
                             kMost);
}

}  // namespace signet

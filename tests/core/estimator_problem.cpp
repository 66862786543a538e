#include "tests/core/estimator_problem.h"

#include "signet/core/bound.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

constexpr int64_t kReplicates = int64_t{1} << 16;

Tensor values(std::vector<double> numbers) {
  return torch::tensor(numbers, torch::kDouble);
}

/// exp(w x) + (v x)^2 over the last axis.
Tensor smooth_loss(const Tensor& x) {
  const int64_t n = x.size(-1);
  const auto w = values({0.5, -0.3, 0.4, -0.6}).narrow(0, 0, n);
  const auto v = values({0.2, 0.7, -0.5, 0.3}).narrow(0, 0, n);
  return torch::exp((x * w).sum(-1)) + (x * v).sum(-1).square();
}

}  // namespace

Problem one_layer(const UnitOptions& units) {
  return {"one layer",
          {values({0.6, -0.5, 0.1, -0.8})},
          units,
          [](const auto& p, Sampler& sampler, const UnitOptions& u) {
            return smooth_loss(sampler.draw(p[0], u));
          }};
}

Problem multilinear(const UnitOptions& units) {
  return {"multilinear",
          {values({0.6, -0.5, 0.1, -0.8})},
          units,
          [](const auto& p, Sampler& sampler, const UnitOptions& u) {
            const auto x = sampler.draw(p[0], u);
            const auto unit = [&](int64_t i) { return x.select(-1, i); };
            return 0.7 * unit(0) - 1.1 * unit(1) * unit(2) +
                   0.5 * unit(0) * unit(1) * unit(2) * unit(3);
          }};
}

Problem chain(const UnitOptions& units) {
  return {"chain",
          {values({0.3, -0.6, 0.5}),
           values({0.4, -0.3, 0.2, -0.5, 0.1, 0.3}).view({2, 3}),
           values({0.1, -0.2})},
          units,
          [](const auto& p, Sampler& sampler, const UnitOptions& u) {
            const auto x = sampler.draw(p[0], u);
            const auto a = (p[1] * x.unsqueeze(-2)).sum(-1) + p[2];
            return smooth_loss(sampler.draw(a, u));
          }};
}

Tensor gradients(const BoundEstimator& estimator, const Problem& problem,
                 int64_t replicates, uint64_t seed, EstimatorState& state) {
  std::vector<Tensor> leaves, rows;
  for (const auto& parameter : problem.parameters) {
    auto shape = parameter.sizes().vec();
    shape.insert(shape.begin(), replicates);
    leaves.push_back(parameter.expand(shape).clone().requires_grad_());
  }
  const auto estimate = estimator(
      [&](Sampler& s) { return problem.loss(leaves, s, problem.units); },
      Random(seed), state);
  TORCH_CHECK(estimate.loss.sizes() == at::IntArrayRef({replicates}) &&
                  estimate.surrogate.sizes() == at::IntArrayRef({replicates}),
              "an estimate must have one value for each example");
  estimate.surrogate.sum().backward();
  for (const auto& leaf : leaves) {
    const auto gradient =
        leaf.grad().defined() ? leaf.grad() : torch::zeros_like(leaf);
    rows.push_back(gradient.reshape({replicates, -1}));
  }
  return torch::cat(rows, 1);
}

Tensor gradients(const BoundEstimator& estimator, const Problem& problem,
                 int64_t replicates, uint64_t seed) {
  EstimatorState none;
  none.learning = false;
  return gradients(estimator, problem, replicates, seed, none);
}

Tensor exact_gradient(const BoundEstimator& estimator, const Problem& problem) {
  auto target = problem;
  if (estimator.record().traits.bound) {
    target.loss = [&](const auto& p, Sampler& s, const UnitOptions& u) {
      return with_sample_bound(
          [&](Sampler& sampler) { return problem.loss(p, sampler, u); },
          estimator.arguments().integer("samples"))(s);
    };
  }
  return gradients(BoundEstimator("exact"), target, 1, 0)[0];
}

EstimatorState learned_state(const BoundEstimator& estimator,
                             const Problem& problem) {
  EstimatorState state;
  for (uint64_t step = 0; step < 40; ++step)
    gradients(estimator, problem, 100, 900 + step, state);
  return state;
}

Deviation deviation(const BoundEstimator& estimator, const Problem& problem,
                    uint64_t seed, EstimatorState state) {
  const auto exact = exact_gradient(estimator, problem);
  const auto n = estimator.record().traits.deterministic ? 1 : kReplicates;
  state.learning = false;
  const auto g = gradients(estimator, problem, n, seed, state);
  const auto difference = (g.mean(0) - exact).abs();
  const double largest = difference.max().item<double>();
  if (n == 1) return {.z = 0, .largest = largest};
  // Coordinates without variance are exact up to rounding, or wrong.
  const auto error = g.std(0) / std::sqrt(static_cast<double>(n)) + 1e-13;
  return {.z = (difference / error).max().item<double>(), .largest = largest};
}

}  // namespace signet

#include "signet/experiments/papers/sbn_problem.h"

#include <cmath>

#include "signet/core/torch.h"
#include "signet/measure/points_problem.h"

namespace signet {
namespace {

/// Uniform numbers of mean 0 and that variance.
Tensor uniform(const Random& random, uint32_t index, at::IntArrayRef shape,
               double variance) {
  const auto u = random.site(RandomUse::measurement, index).uniform(shape);
  return (u - 0.5) * std::sqrt(12 * variance);
}

Points make_points(const SbnOptions& options) {
  const auto x =
      uniform(options.random, 0, {options.examples, options.inputs}, 1);
  const auto above = x.select(1, 1) > torch::sin(2 * x.select(1, 0));
  return {x, 2 * above.to(torch::kFloat) - 1};
}

}  // namespace

Problem sbn_problem(const SbnOptions& options) {
  auto outputs = options.layers;
  outputs.push_back(1);
  std::vector<Problem::Group> groups;
  int64_t inputs = options.inputs;
  for (const int64_t n : outputs) {
    const auto layer = static_cast<uint32_t>(groups.size() + 1);
    groups.push_back({"layer " + std::to_string(layer),
                      {uniform(options.random, layer, {n, inputs},
                               1 / static_cast<double>(inputs)),
                       torch::zeros({n})}});
    inputs = n;
  }
  auto problem = points_problem(make_points(options), groups, options.units);
  problem.name = "stochastic binary network";
  return problem;
}

}  // namespace signet

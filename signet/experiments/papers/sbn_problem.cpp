#include "signet/experiments/papers/sbn_problem.h"

#include <cmath>

#include "signet/core/replicated_linear.h"
#include "signet/core/torch.h"
#include "signet/measure/losses.h"

namespace signet {
namespace {

struct Points {
  Tensor inputs;  ///< [B, d]
  Tensor labels;  ///< [B], -1 or +1
};

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

Problem with_points(const Points& points,
                    const std::vector<Problem::Group>& groups,
                    const UnitOptions& units) {
  return {.name = {},
          .groups = groups,
          .examples = points.labels.size(0),
          .loss =
              [=](const std::vector<Tensor>& p, Sampler& sampler) {
                const auto type = p[0].scalar_type();
                auto h = points.inputs.to(type);
                for (size_t i = 0; i < p.size(); i += 2) {
                  h = replicated_linear(h, p[i], p[i + 1]);
                  if (i + 2 < p.size()) h = sampler.draw(h, units);
                }
                return logistic_loss(h.squeeze(-1), points.labels.to(type));
              },
          .restricted =
              [=](const Tensor& rows) {
                return with_points({points.inputs.index_select(0, rows),
                                    points.labels.index_select(0, rows)},
                                   groups, units);
              }};
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
  auto problem = with_points(make_points(options), groups, options.units);
  problem.name = "stochastic binary network";
  return problem;
}

}  // namespace signet

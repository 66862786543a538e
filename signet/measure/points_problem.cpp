#include "signet/measure/points_problem.h"

#include "signet/core/replicated_linear.h"
#include "signet/core/torch.h"
#include "signet/measure/losses.h"

namespace signet {
namespace {

Tensor loss(const Points& points, const UnitOptions& units,
            const std::vector<Tensor>& p, Sampler& sampler) {
  const auto type = p[0].scalar_type();
  auto h = points.inputs.to(type);
  for (size_t i = 0; i < p.size(); i += 2) {
    h = replicated_linear(h, p[i], p[i + 1]);
    if (i + 2 < p.size()) h = sampler.draw(h, units);
  }
  return logistic_loss(h.squeeze(-1), points.labels.to(type));
}

}  // namespace

Problem points_problem(const Points& points,
                       const std::vector<Problem::Group>& layers,
                       const UnitOptions& units) {
  return {
      .name = {},
      .groups = layers,
      .examples = points.labels.size(0),
      .loss = [=](const std::vector<Tensor>& p,
                  Sampler& sampler) { return loss(points, units, p, sampler); },
      .restricted =
          [=](const Tensor& rows) {
            return points_problem({points.inputs.index_select(0, rows),
                                   points.labels.index_select(0, rows)},
                                  layers, units);
          }};
}

}  // namespace signet

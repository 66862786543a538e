#include "signet/experiments/papers/gradeval_problem.h"

#include <cmath>

#include "signet/core/torch.h"

namespace signet {
namespace {

/// The logits of the first layer of units.
class FirstLogits : public Sampler {
 public:
  Tensor draw(const Tensor& logits, const UnitOptions&) override {
    if (!first.defined()) first = logits;
    return logits;
  }
  Tensor first;
};

/// The points [B, inputs] that a problem with at least as many units in its
/// first layer as inputs keeps to itself.
Tensor points_of(const Problem& problem) {
  std::vector<Tensor> parameters;
  for (const auto& p : all_parameters(problem))
    parameters.push_back(p.unsqueeze(0));
  auto& weight = parameters[0];
  weight = torch::eye(weight.size(1), weight.size(2)).unsqueeze(0);
  parameters[1] = torch::zeros_like(parameters[1]);
  FirstLogits sampler;
  problem.loss(parameters, sampler);
  return sampler.first[0].narrow(-1, 0, weight.size(2));
}

/// The same function of hidden parameters that are twice as large.
Problem in_doubled_coordinates(const Problem& problem) {
  auto result = problem;
  result.loss = [loss = problem.loss](const std::vector<Tensor>& p,
                                      Sampler& sampler) {
    auto halved = p;
    for (size_t i = 0; i + 2 < p.size(); ++i) halved[i] = p[i] / 2;
    return loss(halved, sampler);
  };
  result.restricted = [restricted = problem.restricted](const Tensor& rows) {
    return in_doubled_coordinates(restricted(rows));
  };
  return result;
}

}  // namespace

Problem gradeval_problem(int64_t seed) {
  const auto cosine = make_problem("cosine(seed=" + std::to_string(seed) + ")");
  auto problem = in_doubled_coordinates(cosine);
  const auto points = points_of(cosine);
  auto mean = points.mean(0), variance = points.var(0);
  for (size_t layer = 0; layer < problem.groups.size(); ++layer) {
    auto& parameters = problem.groups[layer].parameters;
    // "cosine" has them uniform in +-1 / sqrt(inputs).
    const double scale = std::sqrt(static_cast<double>(mean.size(0)));
    auto weight = parameters[0] * scale, bias = parameters[1] * scale;
    if (layer + 1 < problem.groups.size()) {
      const auto deviation = weight.square().mv(variance).sqrt();
      bias = -weight.mv(mean) / deviation;
      weight = weight / deviation.unsqueeze(1);
      mean = torch::full({weight.size(0)}, 0.5);
      variance = torch::full({weight.size(0)}, 0.25);
    }
    parameters = {weight, bias};
  }
  return problem;
}

}  // namespace signet

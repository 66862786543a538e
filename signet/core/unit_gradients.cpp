#include "signet/core/unit_gradients.h"

#include <torch/csrc/autograd/autograd.h>

#include "signet/core/checks.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

class LeafSampler : public Sampler {
 public:
  explicit LeafSampler(Sampler& inner) : inner_(inner) {}

  Tensor draw(const Tensor& logits, const UnitOptions& units) override {
    return inner_.draw(logits, units).requires_grad_();
  }

 private:
  Sampler& inner_;
};

}  // namespace

Objective with_leaf_units(const Objective& objective) {
  return [=](Sampler& sampler) {
    LeafSampler leaves(sampler);
    return objective(leaves);
  };
}

std::vector<Tensor> unit_gradients(const Path& path) {
  check(path.loss.requires_grad(), "estimator",
        "the loss must be differentiable in the units");
  std::vector<Tensor> units, sums;
  for (const auto& layer : path.layers) {
    units.push_back(layer.x);
    sums.push_back(torch::zeros_like(layer.x.detach()));
  }
  const auto add = [&](const Tensor& from, const Tensor& gradient) {
    const auto parts =
        torch::autograd::grad({from}, units, {gradient}, /*retain_graph=*/true,
                              /*create_graph=*/false, /*allow_unused=*/true);
    for (size_t l = 0; l < parts.size(); ++l)
      if (parts[l].defined()) sums[l] += parts[l];
  };
  add(path.loss, torch::ones_like(path.loss));
  std::vector<Tensor> result(path.layers.size());
  for (size_t l = path.layers.size(); l-- > 0;) {
    const auto& layer = path.layers[l];
    result[l] = sums[l] * layer.width();
    units.pop_back();
    if (units.empty() || !layer.logits.requires_grad()) continue;
    add(layer.logits,
        result[l] * layer.units.noise->density(layer.logits.detach()));
  }
  return result;
}

std::vector<DifferentiatedPath> differentiated_paths(const Objective& objective,
                                                     const Random& random,
                                                     int64_t samples) {
  std::vector<DifferentiatedPath> paths;
  for (int64_t k = 0; k < samples; ++k) {
    auto path = run_path(with_leaf_units(objective), random.branch(k));
    auto gradients = unit_gradients(path);
    paths.push_back({std::move(path), std::move(gradients)});
  }
  return paths;
}

PathLayer stacked_layer(const std::vector<DifferentiatedPath>& paths,
                        size_t l) {
  std::vector<Tensor> logits, units;
  for (const auto& [path, gradients] : paths) {
    logits.push_back(path.layers[l].logits.detach());
    units.push_back(path.layers[l].x.detach());
  }
  return {paths[0].path.layers[l].units, torch::stack(logits),
          torch::stack(units)};
}

Tensor stacked_gradients(const std::vector<DifferentiatedPath>& paths,
                         size_t l) {
  std::vector<Tensor> all;
  for (const auto& path : paths) all.push_back(path.gradients[l]);
  return torch::stack(all);
}

Tensor stacked_losses(const std::vector<DifferentiatedPath>& paths) {
  std::vector<Tensor> all;
  for (const auto& [path, gradients] : paths) all.push_back(path.loss.detach());
  return torch::stack(all);
}

Estimate mean_estimate(const std::vector<DifferentiatedPath>& paths,
                       const std::vector<Tensor>& gradients) {
  std::vector<Tensor> surrogates;
  for (size_t k = 0; k < paths.size(); ++k) {
    std::vector<Tensor> of_path;
    for (const auto& g : gradients)
      of_path.push_back(g[static_cast<int64_t>(k)]);
    const auto& path = paths[k].path;
    surrogates.push_back(with_logit_gradients(path.loss, path, of_path));
  }
  return {stacked_losses(paths).mean(0), torch::stack(surrogates).mean(0)};
}

Tensor bits(const PathLayer& layer) {
  return layer.is_high().to(layer.x.scalar_type());
}

}  // namespace signet

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

Tensor bits(const PathLayer& layer) {
  return layer.is_high().to(layer.x.scalar_type());
}

}  // namespace signet

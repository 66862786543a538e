#include "signet/core/path.h"

#include "signet/core/checks.h"
#include "signet/core/draw_units.h"
#include "signet/core/layer_noise.h"
#include "signet/core/scale_units.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

class PathSampler : public Sampler {
 public:
  PathSampler(const Random& random, const PathOptions& options)
      : random_(random), options_(options) {}

  Tensor draw(const Tensor& logits, const UnitOptions& units) override {
    check_floating(logits, "PathSampler", "logits");
    const auto l = layers.size();
    layers.push_back({units, logits, next(logits, units, l)});
    return layers.back().x;
  }

  std::vector<PathLayer> layers;

 private:
  Tensor next(const Tensor& logits, const UnitOptions& units, size_t l) {
    if (l < options_.given.size()) return options_.given[l];
    const auto draw = [&](const Tensor& a) {
      return draw_units(a.detach(), *units.noise, low(units.encoding),
                        high(units.encoding),
                        random_.site(static_cast<uint32_t>(l)));
    };
    // A layer that the given ones do not lead to has no axis of samples.
    const auto* path = options_.same_noise_as;
    if (!path || logits.dim() == path->layers.at(l).logits.dim())
      return draw(logits);
    std::vector<Tensor> samples;
    for (int64_t k = 0; k < logits.size(0); ++k)
      samples.push_back(draw(logits[k]));
    return torch::stack(samples);
  }

  Random random_;
  const PathOptions& options_;
};

/// Identity on `value`; its backward also leaves `gradient` in `logits`.
struct Attach : torch::autograd::Function<Attach> {
  static Tensor forward(torch::autograd::AutogradContext* context,
                        const Tensor& value, const Tensor&,
                        const Tensor& gradient) {
    context->save_for_backward({gradient});
    return value.view_as(value);
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context,
      torch::autograd::variable_list grad) {
    const auto gradient = context->get_saved_variables()[0];
    return {grad[0], scale_units(gradient, grad[0]), Tensor()};
  }
};

}  // namespace

Tensor PathLayer::score() const {
  return signet::score(*units.noise, logits.detach(), x, middle());
}

Path run_path(const Objective& objective, const Random& random,
              const PathOptions& options) {
  PathSampler sampler(random, options);
  auto loss = objective(sampler);
  check_floating(loss, "estimator", "loss");
  return {std::move(sampler.layers), std::move(loss)};
}

Tensor branch_loss(const Objective& objective, const Random& random,
                   const PathOptions& options) {
  torch::NoGradGuard no_grad;
  return run_path(objective, random, options).loss;
}

std::vector<Tensor> prefix(const Path& path, size_t l) {
  std::vector<Tensor> given;
  for (size_t i = 0; i < l; ++i) given.push_back(path.layers[i].x);
  return given;
}

Tensor path_noise(const Path& path, size_t l, const Random& random) {
  return LayerNoise(random, static_cast<uint32_t>(l))
      .uniform(path.layers[l].logits);
}

Tensor sum_units(const Tensor& per_unit, const Tensor& loss) {
  check(per_unit.dim() >= loss.dim() &&
            per_unit.sizes().slice(0, loss.dim()) == loss.sizes(),
        "estimator",
        "the loss must have a value for each example, of the leading shape of "
        "the units " +
            shape_text(per_unit.sizes()) + ", but got " +
            shape_text(loss.sizes()));
  return per_unit.reshape({loss.numel(), -1}).sum(1).view(loss.sizes());
}

Tensor as_units(const Tensor& per_example, const Tensor& units) {
  auto shape = per_example.sizes().vec();
  shape.resize(units.dim(), 1);
  return per_example.reshape(shape);
}

Tensor with_logit_gradients(const Tensor& loss, const Path& path,
                            const std::vector<Tensor>& gradients) {
  auto value = loss;
  for (size_t l = 0; l < path.layers.size(); ++l) {
    const auto& logits = path.layers[l].logits;
    if (logits.requires_grad())
      value = Attach::apply(value, logits, gradients[l].detach());
  }
  return value;
}

}  // namespace signet

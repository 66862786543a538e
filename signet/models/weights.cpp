#include "signet/models/weights.h"

#include <cmath>

#include "signet/core/checks.h"
#include "signet/core/step.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

struct SignIdentity : torch::autograd::Function<SignIdentity> {
  static Tensor forward(torch::autograd::AutogradContext* context,
                        const Tensor& latent, at::ScalarType type) {
    context->saved_data["type"] = static_cast<int64_t>(latent.scalar_type());
    return step(latent, -1, 1).to(type);
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context,
      torch::autograd::variable_list g) {
    const auto type =
        static_cast<at::ScalarType>(context->saved_data["type"].toInt());
    return {g[0].to(type), Tensor()};
  }
};

Tensor uniform(at::IntArrayRef shape, double bound,
               const RandomStream& random) {
  return (random.uniform(shape, at::kFloat) * 2 - 1) * bound;
}

}  // namespace

std::vector<Parameter> weight_parameters() {
  return {{.name = "weights",
           .fallback = std::string("binary"),
           .help = "binary: signs of latent weights; stochastic: Bernoulli, "
                   "P(w = +1) = F(latent)",
           .choices = {"binary", "real", "stochastic"}},
          {.name = "init",
           .fallback = 0.1,
           .help = "latent weights start uniform in [-init, init]",
           .min = 1e-6,
           .max = 1e6},
          {.name = "noise",
           .fallback = std::string("logistic"),
           .help = "F of stochastic weights",
           .choices = noise_names()},
          {.name = "draw",
           .fallback = std::string("step"),
           .help = "stochastic weights: one draw a step, or one an example "
                   "(estimators that use the loss of each example need that)",
           .choices = {"step", "example"}}};
}

WeightSpec read_weights(const Arguments& a) {
  const auto& kind = a.text("weights");
  return {.kind = kind == "binary" ? WeightSpec::Kind::binary
                  : kind == "real" ? WeightSpec::Kind::real
                                   : WeightSpec::Kind::stochastic,
          .init = a.number("init"),
          .noise = a.text("noise"),
          .draw_for_each_example = a.text("draw") == "example"};
}

LayerCost cost_of(const WeightSpec& spec, int64_t weights, int64_t macs,
                  int64_t bias) {
  if (spec.one_bit())
    return {
        .binary_weights = weights, .real_weights = bias, .binary_macs = macs};
  return {.real_weights = weights + bias, .real_macs = macs};
}

Tensor binary_weights(const Tensor& latent, at::ScalarType type) {
  return SignIdentity::apply(latent, type);
}

WeightedLayer::WeightedLayer(const char* name, const WeightSpec& spec,
                             at::IntArrayRef shape, bool with_bias,
                             const RandomStream& random)
    : Layer(name), spec_(spec), dims_(static_cast<int64_t>(shape.size())) {
  if (spec.one_bit()) {
    latent = register_parameter("latent", uniform(shape, spec.init, random));
  } else {
    const auto fan_in =
        static_cast<double>(c10::multiply_integers(shape.slice(1)));
    weight = register_parameter("weight",
                                uniform(shape, 1 / std::sqrt(fan_in), random));
  }
  if (with_bias) bias = register_parameter("bias", torch::zeros({shape[0]}));
}

std::vector<Tensor*> WeightedLayer::handles() {
  return {latent.defined() ? &latent : &weight, &bias};
}

WeightedLayer::Drawn WeightedLayer::weights(int64_t examples,
                                            ForwardPass& pass) const {
  const auto own = (latent.defined() ? latent : weight).scalar_type();
  const auto type = own == at::kFloat ? pass.product_type : own;
  if (!latent.defined()) return {weight.to(type)};
  if (spec_.kind == WeightSpec::Kind::binary) {
    if (make_weights_ && is_training()) return {make_weights_(latent).to(type)};
    return {binary_weights(latent, type)};
  }

  // [..., 1 or B, number of weights]: units of a layer, as estimators know it.
  const auto shape =
      latent.sizes().slice(static_cast<size_t>(latent.dim() - dims_));
  auto logits = latent.flatten(-dims_, -1).unsqueeze(-2);
  const bool for_each_example =
      spec_.draw_for_each_example && !pass.sampler.is_mode();
  if (for_each_example) {
    auto sizes = logits.sizes().vec();
    sizes[sizes.size() - 2] = examples;
    logits = logits.expand(sizes);
  }
  auto w = pass.sampler
               .draw(logits, {.encoding = Encoding::signs,
                              .noise = &find_noise(spec_.noise)})
               .to(type);
  if (!for_each_example) w = w.squeeze(-2);
  return {w.unflatten(-1, shape), for_each_example};
}

Tensor WeightedLayer::bias_to_add(ForwardPass& pass) const {
  if (!leaves_bias_ || is_training()) return bias;
  pass.left_bias = bias;
  return {};
}

Tensor WeightedLayer::with_bias(const Tensor& y, const Tensor& added) const {
  if (!added.defined()) return y;
  auto b = added;
  // Replicates [R, outputs] meet [R, B, outputs] or [R, B, h, w, outputs].
  if (b.dim() > 1) {
    for (int64_t axis = 1; axis < dims_; ++axis) b = b.unsqueeze(1);
  }
  return y.to(added.scalar_type()) + b;
}

}  // namespace signet

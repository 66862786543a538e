#include "signet/models/batch_norm.h"

#include "signet/core/checks.h"
#include "signet/core/torch.h"

namespace signet {

LayerKind BatchNormSpec::kind() {
  return {
      "batch-norm",
      "(x - mean) / sqrt(variance + epsilon) scale + shift, each channel",
      {{.name = "momentum",
        .fallback = 0.1,
        .help = "of the running mean and variance",
        .min = 1e-6,
        .max = 1},
       {.name = "epsilon",
        .fallback = 1e-5,
        .help = "added to the variance",
        .min = 1e-12,
        .max = 1},
       {.name = "affine", .fallback = true, .help = "learn scale and shift"}}};
}

BatchNormSpec BatchNormSpec::read(const Arguments& a) {
  return {.momentum = a.number("momentum"),
          .epsilon = a.number("epsilon"),
          .affine = a.flag("affine")};
}

LayerCost BatchNormSpec::cost(const Shape& input) const {
  return {.real_weights = (affine ? 4 : 2) * input.channels};
}

std::shared_ptr<Layer> BatchNormSpec::build(const Shape& input,
                                            const RandomStream&) const {
  return std::make_shared<BatchNorm>(input.channels, *this);
}

BatchNorm::BatchNorm(int64_t channels, const BatchNormSpec& spec)
    : Layer("BatchNorm"), spec_(spec) {
  if (spec.affine) {
    weight = register_parameter("weight", torch::ones({channels}));
    bias = register_parameter("bias", torch::zeros({channels}));
  }
  running_mean = register_buffer("running_mean", torch::zeros({channels}));
  running_var = register_buffer("running_var", torch::ones({channels}));
}

void BatchNorm::check_input(const Tensor& x) const {
  check(x.dim() >= 2 && x.size(-1) == running_mean.size(0), "BatchNorm",
        "x must be [..., " + std::to_string(running_mean.size(0)) +
            "], but got " + shape_text(x.sizes()));
}

Tensor BatchNorm::forward(const Tensor& x) {
  check_input(x);
  return is_training() ? normalize(x).value() : apply_affine(x, folded());
}

Tensor BatchNorm::forward(const Tensor& x, ForwardPass&) {
  // Replicates meet the axis before that of the examples: pixels of a map are
  // examples to a batch norm.
  const bool replicates = weight.defined() && weight.dim() == 2;
  if (!replicates || x.dim() < 5) return forward(x);
  return forward(x.flatten(-4, -2)).view(x.sizes());
}

NormalizedLogits BatchNorm::normalize(const Tensor& x) {
  check_input(x);
  const auto rows = x.numel() / x.size(-1);
  check(rows > 1, "BatchNorm", "training needs at least 2 examples in a batch");
  torch::NoGradGuard no_gradient;
  const auto moments = channel_moments(x.detach());
  const double n = static_cast<double>(rows);
  running_mean.lerp_(moments.mean.to(running_mean.dtype()), spec_.momentum);
  running_var.lerp_((moments.variance * (n / (n - 1))).to(running_var.dtype()),
                    spec_.momentum);
  return normalized_logits(x, weight, bias, moments, spec_.epsilon);
}

BatchNorm::Affine BatchNorm::folded() const {
  auto scale = 1 / (running_var.to(torch::kDouble) + spec_.epsilon).sqrt();
  const auto of_replicates = [](const Tensor& t) {
    return (t.dim() == 2 ? t.unsqueeze(1) : t).to(torch::kDouble);
  };
  if (weight.defined()) scale = scale * of_replicates(weight);
  auto offset = -running_mean.to(torch::kDouble) * scale;
  if (bias.defined()) offset = offset + of_replicates(bias);
  return {scale.to(running_mean.dtype()), offset.to(running_mean.dtype())};
}

Tensor apply_affine(const Tensor& x, const BatchNorm::Affine& affine) {
  return (x.to(torch::kDouble) * affine.scale.to(torch::kDouble) +
          affine.offset.to(torch::kDouble))
      .to(x.dtype());
}

}  // namespace signet

#include "signet/models/batch_norm.h"

#include <utility>

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
  mode_mean = register_buffer("mode_mean", torch::zeros({channels}));
  mode_var = register_buffer("mode_var", torch::ones({channels}));
  mode_batches =
      register_buffer("mode_batches", torch::zeros({1}, torch::kInt64));
}

void BatchNorm::check_input(const Tensor& x) const {
  check(x.dim() >= 2 && x.size(-1) == running_mean.size(0), "BatchNorm",
        "x must be [..., " + std::to_string(running_mean.size(0)) +
            "], but got " + shape_text(x.sizes()));
}

Tensor BatchNorm::forward(const Tensor& x, ForwardPass& pass) {
  check_input(x);
  if (is_training()) return normalize(x).value();
  const auto left = std::exchange(pass.left_bias, Tensor());
  if (collecting_) {
    mode_batches += 1;
    return normalize(left.defined() ? x + left : x, mode_mean, mode_var,
                     1 / mode_batches.item().toDouble())
        .value();
  }
  const auto affine = folded(pass.sampler.is_mode(), left);
  // Replicates meet the axis before that of the examples: pixels of a map are
  // examples to a batch norm.
  const bool replicates = affine.offset.dim() == 3;
  if (!replicates || x.dim() < 5) return apply_affine(x, affine);
  return apply_affine(x.flatten(-4, -2), affine).view(x.sizes());
}

NormalizedLogits BatchNorm::normalize(const Tensor& x) {
  check_input(x);
  return normalize(x, running_mean, running_var, spec_.momentum);
}

NormalizedLogits BatchNorm::normalize(const Tensor& x, Tensor& mean,
                                      Tensor& variance, double share) {
  const auto rows = x.numel() / x.size(-1);
  check(rows > 1, "BatchNorm", "training needs at least 2 examples in a batch");
  const auto moments = channel_moments(x.detach());
  {
    torch::NoGradGuard no_gradient;
    const double n = static_cast<double>(rows);
    mean.lerp_(moments.mean.to(mean.dtype()), share);
    variance.lerp_((moments.variance * (n / (n - 1))).to(variance.dtype()),
                   share);
  }
  return normalized_logits(x, weight, bias, moments, spec_.epsilon);
}

void BatchNorm::collect_mode_statistics(bool on) {
  collecting_ = on;
  if (on) mode_batches.zero_();
}

BatchNorm::Affine BatchNorm::folded(bool mode, const Tensor& layer_bias) const {
  mode = mode && mode_batches.item<int64_t>() > 0;
  const auto& mean = mode ? mode_mean : running_mean;
  const auto& variance = mode ? mode_var : running_var;
  auto scale = 1 / (variance.to(torch::kDouble) + spec_.epsilon).sqrt();
  const auto of_replicates = [](const Tensor& t) {
    return (t.dim() == 2 ? t.unsqueeze(1) : t).to(torch::kDouble);
  };
  if (weight.defined()) scale = scale * of_replicates(weight);
  auto shift = -mean.to(torch::kDouble);
  if (layer_bias.defined()) shift = shift + of_replicates(layer_bias);
  auto offset = shift * scale;
  if (bias.defined()) offset = offset + of_replicates(bias);
  return {scale.to(mean.dtype()), offset.to(mean.dtype())};
}

Tensor apply_affine(const Tensor& x, const BatchNorm::Affine& affine) {
  return (x.to(torch::kDouble) * affine.scale.to(torch::kDouble) +
          affine.offset.to(torch::kDouble))
      .to(x.dtype());
}

}  // namespace signet

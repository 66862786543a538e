#include "signet/models/batch_norm.h"

#include "signet/core/checks.h"
#include "signet/core/torch.h"

namespace signet {

BatchNorm::BatchNorm(int64_t channels, const BatchNormSpec& spec)
    : Layer("BatchNorm"), spec_(spec) {
  if (spec.affine) {
    weight = register_parameter("weight", torch::ones({channels}));
    bias = register_parameter("bias", torch::zeros({channels}));
  }
  running_mean = register_buffer("running_mean", torch::zeros({channels}));
  running_var = register_buffer("running_var", torch::ones({channels}));
}

Tensor BatchNorm::forward(const Tensor& x) {
  check(x.dim() >= 2 && x.size(-1) == running_mean.size(0), "BatchNorm",
        "x must be [..., " + std::to_string(running_mean.size(0)) +
            "], but got " + shape_text(x.sizes()));
  if (!is_training()) return apply_affine(x, folded());
  const auto rows = x.reshape({-1, x.size(-1)});
  check(rows.size(0) > 1, "BatchNorm",
        "training needs at least 2 examples in a batch");
  return torch::batch_norm(rows, weight, bias, running_mean, running_var,
                           /*training=*/true, spec_.momentum, spec_.epsilon,
                           /*cudnn_enabled=*/false)
      .view(x.sizes());
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

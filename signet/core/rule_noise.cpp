#include "signet/core/rule_noise.h"

#include "signet/core/torch.h"

namespace signet {

Tensor extra_uniform(const DrawContext& context, const Tensor& logits,
                     uint64_t k) {
  const auto options = logits.scalar_type() == torch::kDouble
                           ? logits.options()
                           : logits.options().dtype(torch::kFloat);
  return context.noise.extra(k).uniform(logits.sizes(), options);
}

Tensor noise_given_state(const Noise& noise, const Tensor& logits,
                         const Tensor& high, const Tensor& v) {
  torch::NoGradGuard no_grad;
  if (noise.symmetric) {
    // z > a is -z < -a, of probability F(-a), which does not cancel.
    const auto z =
        noise.quantile(v * noise.cdf(torch::where(high, logits, -logits)));
    return torch::where(high, z, -z);
  }
  const auto p = noise.cdf(logits);
  return noise.quantile(torch::where(high, v * p, p + v * (1 - p)));
}

}  // namespace signet

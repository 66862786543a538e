#include "signet/core/latent_of_mean.h"

#include "signet/core/torch.h"

namespace signet {

at::Tensor latent_of_mean(const at::Tensor& mean, const Noise& noise) {
  if (noise.name == uniform_noise().name) return mean;
  constexpr double kLeast = 0.001;
  return noise.quantile(((1 + mean) / 2).clamp(kLeast, 1 - kLeast));
}

}  // namespace signet

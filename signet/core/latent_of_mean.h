#pragma once

#include "signet/core/noise.h"

namespace signet {

/// The latent weight whose Bernoulli weight has this mean: eta with
/// 2 F(eta) - 1 = mean. Probabilities stay 0.001 away from 0 and 1, where eta
/// may be infinite; for uniform noise eta is the mean itself.
/// Shapes: any, in [-1, 1].
at::Tensor latent_of_mean(const at::Tensor& mean, const Noise& noise);

}  // namespace signet

#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "signet/core/kernels/threshold_kernel.h"

namespace signet {

/// A noise family: a unit is high iff a - z >= 0, z ~ F, so P(high) = F(a).
/// Scaled so that 2F'(0) = 1, which makes the proxy 2F(a) - 1 = E[x] of a
/// {-1,+1} unit start as the identity. So logistic units have P(high) =
/// sigma(2a); `sigmoid`, sigma(a), is the one family that is not so scaled: it
/// is for networks whose logits are log-odds. A family of your own is a Noise
/// that you fill in. All functions work element by element, are built from
/// differentiable ATen operations, and keep type and device.
struct Noise {
  using Function = std::function<at::Tensor(const at::Tensor&)>;

  std::string name;
  std::string summary = {};       ///< in one line
  double standard_deviation = 0;  ///< infinity if it has none
  bool symmetric = true;          ///< F(-a) = 1 - F(a)
  Function cdf;                   ///< F
  Function density;               ///< F'
  Function quantile;              ///< inverse of F, on (0, 1)
  /// log F. Empty: log(cdf(a)).
  Function log_cdf = {};
  /// (log F)' = F'/F. Empty: density(a) / cdf(a), or 0 where F = 0.
  Function score = {};
  ThresholdKernel kernel = ThresholdKernel::probability;
};

/// The built-in families: logistic, uniform, triangular, gaussian, laplace,
/// cauchy, sigmoid. Source of the scaling: Shekhovtsov, Yanush 2021,
/// arXiv:2006.06880.
const std::vector<Noise>& noise_families();

/// Errors: UsageError that lists the families and names the nearest.
const Noise& find_noise(std::string_view name);

/// F(z) = sigma(2z); proxy tanh.
const Noise& logistic_noise();
/// On [-1, 1]; proxy hardtanh.
const Noise& uniform_noise();
/// On [-2, 2]; proxy z - z|z|/4, the ApproxSign of Bi-Real nets at z/2.
const Noise& triangular_noise();
/// Standard deviation sqrt(2/pi); proxy erf(sqrt(pi) z / 2).
const Noise& gaussian_noise();
/// Density exp(-|z|)/2; proxy sign(z) (1 - exp(-|z|)).
const Noise& laplace_noise();
/// Scale 2/pi; proxy (2/pi) atan(pi z / 2).
const Noise& cauchy_noise();

/// F(z) = sigma(z), logits that are log-odds: logistic noise twice as wide,
/// with 2F'(0) = 1/2; proxy tanh(z/2).
const Noise& sigmoid_noise();

/// 2F(a) - 1: the mean of a {-1,+1} unit.
at::Tensor proxy(const Noise& noise, const at::Tensor& a);

/// Log-probability of each drawn unit: log F(a) where `high` (bool), else
/// log(1 - F(a)). The derivative with respect to `a` is the closed form
/// F'/F or -F'/(1-F), finite for every finite logit (logistic: 2 sigma(-2a)
/// and -2 sigma(2a)). A state of probability 0, which is never drawn, has
/// log-probability -infinity and derivative 0.
/// Shapes: `a` and `high` broadcast against each other.
at::Tensor log_prob(const Noise& noise, const at::Tensor& a,
                    const at::Tensor& high);

}  // namespace signet

#pragma once

#include <torch/nn/module.h>

#include "signet/core/random.h"
#include "signet/core/sampler.h"

namespace signet {

/// The signs of latent weights, +1 where latent >= 0, with the identity as
/// backward: dL/dlatent = dL/dw. Which step the latent weights then take is
/// the optimizer's business.
Tensor binary_weights(const Tensor& latent);

/// y = w x^T with w = sign(latent).
/// Shapes: x [..., inputs], y [..., outputs], latent [outputs, inputs]; with
/// replicates of the parameters [R, ...], see replicated_linear.
class BinaryLinear : public torch::nn::Module {
 public:
  /// Latent weights start uniform in [-init, init]; the bias, if any, at 0.
  BinaryLinear(int64_t inputs, int64_t outputs, bool bias, double init,
               const RandomStream& random);

  Tensor forward(const Tensor& x) const;

  Tensor latent;
  Tensor bias;  ///< undefined without
};

/// y = W x^T + b with real weights, W uniform in +-1/sqrt(inputs) at first.
/// Shapes: as BinaryLinear.
class RealLinear : public torch::nn::Module {
 public:
  RealLinear(int64_t inputs, int64_t outputs, bool bias,
             const RandomStream& random);

  Tensor forward(const Tensor& x) const;

  Tensor weight;
  Tensor bias;  ///< undefined without
};

}  // namespace signet

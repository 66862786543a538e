#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

#include "signet/base/arguments.h"
#include "signet/core/random.h"
#include "signet/core/sampler.h"
#include "signet/models/shape.h"

namespace signet {

/// What all layers of one forward pass share.
struct ForwardPass {
  Sampler& sampler;
  /// Of this step: what dropout draws from.
  const Random& random;
  uint32_t index = 0;  ///< of the layer whose turn it is
  /// Type that products are computed in; float, or bfloat16 while training.
  at::ScalarType product_type = at::ScalarType::Float;
  /// Values that open shortcuts remember, the innermost last.
  std::vector<Tensor> shortcuts = {};
  /// In evaluation: the bias that a layer left to the batch norm behind it.
  Tensor left_bias = {};
};

/// The LibTorch module of one layer.
/// Shapes: x is [..., B, values] or [..., B, height, width, channels].
class Layer : public torch::nn::Module {
 public:
  using torch::nn::Module::Module;

  virtual Tensor forward(const Tensor& x, ForwardPass& pass) = 0;

  /// What the layer computes with, in the order of parameters().
  virtual std::vector<Tensor*> handles() { return {}; }

  /// Whether forward() takes bfloat16 values as they are. To all others the
  /// network gives float.
  virtual bool takes_bfloat16() const { return false; }
};

}  // namespace signet

#pragma once

#include <ATen/core/Tensor.h>

#include "signet/base/arguments.h"

namespace signet {

/// A step [z <= a] made steep but smooth, the binary Concrete relaxation
///   s = sigma(2 (a - z) / temperature)
/// With logistic noise z and eta = 2a this is sigma((eta - z') / temperature)
/// of a standard logistic z', as published. Finite at every temperature, also
/// where z is infinite.
/// Source: Jang et al. 2017, arXiv:1611.01144; Maddison et al. 2017,
/// arXiv:1611.00712.
struct Concrete {
  at::Tensor value;  ///< s, in [0, 1]
  at::Tensor slope;  ///< ds/da = (2 / temperature) s (1 - s)
};

/// Shapes: `distance` is a - z; both results have its shape. No derivative.
Concrete concrete(const at::Tensor& distance, double temperature);

/// The parameter `temperature` of the rules that use it.
Parameter temperature_parameter();

}  // namespace signet

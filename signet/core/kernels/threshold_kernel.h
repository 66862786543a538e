#pragma once

namespace signet {

/// Which fused kernel draws the units of a noise family and computes F'.
enum class ThresholdKernel {
  probability,  ///< none: F or F' is computed as a tensor first
  logistic,
  uniform,
  triangular,
  laplace,
  sigmoid,
};

}  // namespace signet

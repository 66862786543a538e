#pragma once

#include <ATen/core/Tensor.h>

#include "signet/core/noise.h"
#include "signet/core/random.h"

namespace signet {

/// Draws every unit of a layer: high where u < F(a), else low; u is the
/// stream's uniform of the same element. A NaN logit gives low.
/// Shapes: any; the result has that of `logits`, its type and its device.
/// Cost: one pass for float logits on the CPU (logistic, uniform, triangular
/// and laplace noise), about 0.5 ns a unit and thread with AVX-512.
/// No derivative: an estimator brings its own.
at::Tensor draw_units(const at::Tensor& logits, const Noise& noise, double low,
                      double high, const RandomStream& stream);

/// scale * F'(a) * grad, the backward of straight-through estimators
/// (scale = high - low). Cost: as draw_units.
/// Shapes: `grad` broadcasts against `logits`. No derivative.
at::Tensor proxy_gradient(const at::Tensor& logits, const Noise& noise,
                          double scale, const at::Tensor& grad);

}  // namespace signet

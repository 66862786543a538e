#pragma once

#include <ATen/core/Tensor.h>

#include "signet/core/noise.h"
#include "signet/core/random.h"

namespace signet {

/// Draws every unit of a layer: high where u < F(a), else low; u is the
/// stream's uniform of the same element. A NaN logit gives low.
/// For float logits on the CPU F is exact to a few units of 2^-24, the grid of
/// u, and the units are the same on every instruction-set level and number of
/// threads.
/// Shapes: any; the result has that of `logits`, its type and its device.
/// Cost: one pass for float logits on the CPU (gaussian, cauchy and your own
/// noise: one more for F), about 0.6 ns a unit and thread with AVX-512.
/// No derivative: an estimator brings its own.
at::Tensor draw_units(const at::Tensor& logits, const Noise& noise, double low,
                      double high, const RandomStream& stream);

/// scale * F'(a) * grad, the backward of straight-through estimators
/// (scale = high - low). Cost: as draw_units.
/// Shapes: `grad` broadcasts against `logits`. No derivative.
at::Tensor proxy_gradient(const at::Tensor& logits, const Noise& noise,
                          double scale, const at::Tensor& grad);

}  // namespace signet

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

/// The score of each drawn unit, d/da log P(x): F'/F where x is high, that is
/// above `middle` of the encoding, and -F'/(1 - F) where it is low. Logistic:
/// 2 sigma(-2a) and -2 sigma(2a). Finite for every finite logit; 0 for a state
/// of probability 0, which is never drawn.
/// Shapes: `units` broadcasts against `logits`. No derivative.
/// Cost: as draw_units (gaussian, cauchy and your own noise: several passes).
at::Tensor score(const Noise& noise, const at::Tensor& logits,
                 const at::Tensor& units, double middle);

/// The same for states given as a mask (bool), by differentiable operations:
/// the definition, and the derivative of log_prob.
at::Tensor score(const Noise& noise, const at::Tensor& logits,
                 const at::Tensor& high);

}  // namespace signet

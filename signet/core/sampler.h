#pragma once

#include <ATen/core/Tensor.h>

#include "signet/core/encoding.h"
#include "signet/core/noise.h"

namespace signet {

using at::Tensor;

/// One layer of Bernoulli units: x = high if z <= a, else low, with z drawn
/// from `noise`, so P(x = high) = F(a).
struct UnitOptions {
  Encoding encoding = Encoding::signs;
  /// Family of z. A family of the user's own must outlive its use here.
  const Noise* noise = &logistic_noise();
};

struct NormalizedLogits;

/// Decides how Bernoulli units are drawn, and so which estimator trains the
/// network. A network asks it for every unit that it has, in a fixed order.
class Sampler {
 public:
  virtual ~Sampler() = default;

  /// Units for `logits` (pre-activations), of the same type and device.
  /// Shapes: logits [B, n...], units [B, n...]; a sampler may put an axis of K
  /// samples in front ([K, B, n...]) and everything after it then broadcasts.
  /// Errors: NotFinite for a NaN in the logits.
  virtual Tensor draw(const Tensor& logits, const UnitOptions& units) = 0;

  /// The same units, and the same gradients, as those of logits.value(). A
  /// sampler that fuses both never writes the logits down, and gives units of
  /// the type of logits.x.
  virtual Tensor draw_normalized(const NormalizedLogits& logits,
                                 const UnitOptions& units);

  /// Whether every unit takes its more probable state. The network then is
  /// another one, with statistics of its own.
  virtual bool is_mode() const { return false; }
};

/// Zero noise: x = high where a >= 0. The mode (most probable state given
/// the layer below) for every family here; what packed inference computes.
class ModeSampler : public Sampler {
 public:
  Tensor draw(const Tensor& logits, const UnitOptions& units) override;
  bool is_mode() const override { return true; }
};

}  // namespace signet

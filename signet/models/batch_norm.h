#pragma once

#include "signet/models/layer.h"
#include "signet/models/network_spec.h"

namespace signet {

/// Batch normalisation over all axes but the last.
///
/// While training: the usual one. In evaluation it is the map
///   y = float(double(scale) x + double(offset)),
/// with scale and offset rounded to the type of x beforehand. So it is
/// monotone in x, the same on every machine, and the exporter can fold it
/// into integer thresholds and scores without a rounding of its own.
/// Shapes: [..., channels]; in evaluation also [..., R, B, channels] with
/// weight and bias [R, channels].
class BatchNorm : public Layer {
 public:
  BatchNorm(int64_t channels, const BatchNormSpec& spec);

  Tensor forward(const Tensor& x);
  Tensor forward(const Tensor& x, ForwardPass&) override { return forward(x); }
  std::vector<Tensor*> handles() override { return {&weight, &bias}; }

  /// y = scale x + offset, what evaluation computes.
  struct Affine {
    Tensor scale;   ///< [channels] or [R, 1, channels]
    Tensor offset;  ///< the same
  };
  Affine folded() const;

  Tensor weight, bias;  ///< undefined if not affine
  Tensor running_mean, running_var;

 private:
  BatchNormSpec spec_;
};

/// float(double(scale) x + double(offset)): one rounding, whatever the CPU.
Tensor apply_affine(const Tensor& x, const BatchNorm::Affine& affine);

}  // namespace signet

#pragma once

#include "signet/core/normalized_logits.h"
#include "signet/models/layer.h"
#include "signet/models/layer_kind.h"

namespace signet {

/// (x - mean) / sqrt(variance + epsilon) scale + shift, for each channel.
struct BatchNormSpec {
  double momentum = 0.1;  ///< of the running mean and variance, in (0, 1]
  double epsilon = 1e-5;
  bool affine = true;  ///< learn scale and shift

  static LayerKind kind();
  static BatchNormSpec read(const Arguments& arguments);
  Shape output(const Shape& input, OpenShortcuts&) const { return input; }
  LayerCost cost(const Shape& input) const;
  std::shared_ptr<Layer> build(const Shape& input,
                               const RandomStream& random) const;
};

/// Batch normalisation over all axes but the last.
///
/// While training: the usual one. In evaluation it is the map
///   y = float(double(scale) x + double(offset)),
/// with scale and offset rounded to the type of x beforehand. So it is
/// monotone in x, the same on every machine, and the exporter can fold it
/// into integer thresholds and scores without a rounding of its own. A bias b
/// of the layer before, which that leaves to it (ForwardPass::left_bias), goes
/// into the offset: of y = (x + b - mean) ..., before that is rounded.
///
/// The mode network has a mean and a variance of its own. Its units are +-1
/// where sampled ones are tanh(a) on average, so the sums that they feed are
/// larger; with the running statistics its thresholds would be off. Until they
/// are collected, the mode has the running ones.
/// Shapes: [..., channels]; in evaluation also [..., R, B, channels], or maps
/// [..., R, B, height, width, channels], with weight and bias [R, channels].
class BatchNorm : public Layer {
 public:
  BatchNorm(int64_t channels, const BatchNormSpec& spec);

  Tensor forward(const Tensor& x, ForwardPass& pass) override;
  std::vector<Tensor*> handles() override { return {&weight, &bias}; }
  bool takes_bfloat16() const override { return is_training(); }

  /// While training: what forward() gives, not written down yet. Updates the
  /// running mean and variance.
  /// Errors: UsageError if x has fewer than two rows.
  NormalizedLogits normalize(const Tensor& x);

  /// In evaluation: from now on, or no more, forward passes take the mean and
  /// variance of their batch, and those of the mode become the mean over these
  /// batches.
  void collect_mode_statistics(bool on);

  /// y = scale x + offset, what evaluation computes of a layer's output x
  /// without its bias, [channels] or [R, channels]; undefined: it has none.
  struct Affine {
    Tensor scale;   ///< [channels] or [R, 1, channels]
    Tensor offset;  ///< the same
  };
  Affine folded(bool mode, const Tensor& layer_bias = {}) const;

  Tensor weight, bias;  ///< undefined if not affine
  Tensor running_mean, running_var;
  Tensor mode_mean, mode_var;
  Tensor mode_batches;  ///< [1], int64: of how many batches; 0: not collected

 private:
  void check_input(const Tensor& x) const;
  /// By the moments of x, which move `mean` and `variance` by `share`.
  NormalizedLogits normalize(const Tensor& x, Tensor& mean, Tensor& variance,
                             double share);

  BatchNormSpec spec_;
  bool collecting_ = false;
};

/// float(double(scale) x + double(offset)): one rounding, whatever the CPU.
Tensor apply_affine(const Tensor& x, const BatchNorm::Affine& affine);

}  // namespace signet

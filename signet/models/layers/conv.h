#pragma once

#include "signet/models/layer_kind.h"
#include "signet/models/weights.h"

namespace signet {

/// y = W * x (+ b): the cross-correlation that the field calls convolution.
struct ConvSpec {
  /// What stands around the map. A convolution of signs that is padded with
  /// zeros has a third value; minus and plus keep it binary.
  enum class Padding { zero, minus, plus };

  int64_t channels = 0;  ///< out
  int64_t kernel = 3;    ///< height and width
  int64_t stride = 1;
  int64_t padding = 0;  ///< pixels on each side
  Padding padding_value = Padding::zero;
  WeightSpec weights = {};
  bool bias = false;

  static LayerKind kind();
  static ConvSpec read(const Arguments& arguments);
  Shape output(const Shape& input, OpenShortcuts&) const;
  LayerCost cost(const Shape& input) const;
  std::shared_ptr<Layer> build(const Shape& input,
                               const RandomStream& random) const;
};

/// Shapes: x [..., B, height, width, in], y the same with `channels`, weights
/// [channels, kernel, kernel, in], with replicates of them [R, ...].
class Conv : public WeightedLayer {
 public:
  Conv(int64_t inputs, const ConvSpec& spec, const RandomStream& random);

  Tensor forward(const Tensor& x, ForwardPass& pass) override;

 private:
  Tensor convolve(const Tensor& x, const Tensor& w,
                  bool for_each_example) const;

  ConvSpec spec_;
};

}  // namespace signet

#pragma once

#include "signet/models/layer_kind.h"
#include "signet/models/weights.h"

namespace signet {

/// y = W x (+ b).
struct LinearSpec {
  int64_t outputs = 0;
  WeightSpec weights = {};
  bool bias = false;

  static LayerKind kind();
  static LinearSpec read(const Arguments& arguments);
  Shape output(const Shape& input, OpenShortcuts&) const;
  LayerCost cost(const Shape& input) const;
  std::shared_ptr<Layer> build(const Shape& input,
                               const RandomStream& random) const;
};

/// Shapes: x [..., B, inputs], y [..., B, outputs], weights [outputs, inputs];
/// with replicates of the parameters [R, ...], see replicated_linear.
class Linear : public WeightedLayer {
 public:
  Linear(int64_t inputs, const LinearSpec& spec, const RandomStream& random);

  Tensor forward(const Tensor& x, ForwardPass& pass) override;
};

}  // namespace signet

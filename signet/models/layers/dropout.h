#pragma once

#include "signet/models/layer_kind.h"

namespace signet {

/// Sets activations to 0 with probability `rate` while training, and divides
/// the others by 1 - rate.
struct DropoutSpec {
  double rate = 0.5;

  static LayerKind kind();
  static DropoutSpec read(const Arguments& arguments);
  Shape output(const Shape& input, OpenShortcuts&) const;
  LayerCost cost(const Shape&) const { return {}; }
  std::shared_ptr<Layer> build(const Shape& input,
                               const RandomStream& random) const;
};

}  // namespace signet

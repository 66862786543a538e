#pragma once

#include "signet/models/layer_kind.h"

namespace signet {

/// A map becomes a vector, in the order height, width, channels of memory.
struct FlattenSpec {
  static LayerKind kind();
  static FlattenSpec read(const Arguments& arguments);
  Shape output(const Shape& input, OpenShortcuts&) const;
  LayerCost cost(const Shape&) const { return {}; }
  std::shared_ptr<Layer> build(const Shape& input,
                               const RandomStream& random) const;
};

}  // namespace signet

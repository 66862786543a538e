#pragma once

#include "signet/models/layer_kind.h"
#include "signet/models/quantizer.h"

namespace signet {

/// A low-bit activation; its scale is a parameter if it is learned.
struct QuantizeSpec {
  QuantizerOptions options;

  static LayerKind kind();
  static QuantizeSpec read(const Arguments& arguments);
  Shape output(const Shape& input, OpenShortcuts&) const { return input; }
  LayerCost cost(const Shape& input) const;
  std::shared_ptr<Layer> build(const Shape& input,
                               const RandomStream& random) const;
};

}  // namespace signet

#pragma once

#include "signet/models/layer_kind.h"

namespace signet {

/// The greatest value of each window, without padding.
struct MaxPoolSpec {
  int64_t size = 2;    ///< height and width of the window
  int64_t stride = 2;  ///< its step

  static LayerKind kind();
  static MaxPoolSpec read(const Arguments& arguments);
  Shape output(const Shape& input, OpenShortcuts&) const;
  LayerCost cost(const Shape&) const { return {}; }
  std::shared_ptr<Layer> build(const Shape& input,
                               const RandomStream& random) const;
};

/// The mean of each window, without padding.
struct AveragePoolSpec {
  int64_t size = 0;  ///< height, width and step of the window; 0: the map

  static LayerKind kind();
  static AveragePoolSpec read(const Arguments& arguments);
  Shape output(const Shape& input, OpenShortcuts&) const;
  LayerCost cost(const Shape&) const { return {}; }
  std::shared_ptr<Layer> build(const Shape& input,
                               const RandomStream& random) const;
};

}  // namespace signet

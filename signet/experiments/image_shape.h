#pragma once

#include "signet/data/dataset.h"
#include "signet/models/shape.h"

namespace signet {

/// The shape of a data set's images, as networks take it.
inline Shape image_shape(const Dataset& data) {
  const auto& shape = data.image_shape;
  return Shape::map(shape.at(0), shape.at(1), shape.at(2));
}

}  // namespace signet

#include "signet/models/shape.h"

namespace signet {

std::string Shape::text() const {
  auto text = std::to_string(channels);
  if (!flat)
    text += "x" + std::to_string(height) + "x" + std::to_string(width);
  return text;
}

}  // namespace signet

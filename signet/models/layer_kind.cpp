#include "signet/models/layer_kind.h"

#include "signet/core/noise.h"

namespace signet {

void check_map(const Shape& input) {
  if (input.flat)
    throw UsageError("wants a map, but gets a vector of " + input.text());
}

std::vector<std::string> noise_names() {
  std::vector<std::string> names;
  for (const auto& family : noise_families()) names.push_back(family.name);
  return names;
}

}  // namespace signet

#include "signet/experiments/scale.h"

#include <vector>

#include "signet/base/error.h"
#include "signet/base/names.h"

namespace signet {
namespace {

const std::vector<std::string> kScales = {"quick", "normal", "full"};

}  // namespace

std::string scale_text(Scale scale) {
  return kScales[static_cast<size_t>(scale)];
}

Scale parse_scale(std::string_view text) {
  for (size_t i = 0; i < kScales.size(); ++i)
    if (kScales[i] == text) return static_cast<Scale>(i);
  throw UsageError(unknown_name("scale", text, kScales));
}

}  // namespace signet

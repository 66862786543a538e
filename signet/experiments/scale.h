#pragma once

#include <string>
#include <string_view>

namespace signet {

/// How much of an experiment is run.
enum class Scale {
  quick,   ///< all of them in 30 minutes on two cores
  normal,  ///< the source's settings where one core has them in an hour
  full,    ///< also what takes a night
};

/// "quick", "normal", "full"
std::string scale_text(Scale scale);
/// Errors: UsageError for another text.
Scale parse_scale(std::string_view text);

}  // namespace signet

// The message about a model that needs more than LoadOptions allow.
#pragma once

#include <cstdint>
#include <string>

#include "signet/runtime/result.h"

namespace signet::runtime {

/// "WHAT NEEDED UNIT, but ALLOWED are allowed".
inline Error over_limit(const std::string& what, std::int64_t needed,
                        const char* unit, std::int64_t allowed) {
  return Error{what + " " + std::to_string(needed) + " " + unit + ", but " +
                   std::to_string(allowed) + " are allowed",
               ErrorKind::limit};
}

}  // namespace signet::runtime

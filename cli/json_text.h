#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace signet {

/// What --json prints: bytes of a file or of the command line that are no UTF-8
/// become U+FFFD, where the library would throw.
template <class Json>
std::string json_text(const Json& value, int indent = 2) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace signet

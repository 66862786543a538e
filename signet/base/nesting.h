#pragma once

#include <cstddef>
#include <string_view>

namespace signet {

/// How deep the brackets of a JSON text are nested, counted without reading
/// it: 2 in {"a": [1]}. Brackets in strings do not count. Libraries walk what
/// they have read by recursion, so a file of a million '[' ends a program
/// unless it is refused beforehand.
size_t json_nesting(std::string_view text);

/// More than any file of signet's has.
constexpr size_t kMaxNesting = 64;

}  // namespace signet

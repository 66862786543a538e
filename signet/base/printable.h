#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace signet {

/// Text from a file or the command line, for a terminal or an error: at most
/// `most` bytes of it, what is left out told by its size, and as escapes (\n,
/// \x1b) what is no printable character: control bytes, C1 controls and marks
/// that change the direction of text, bytes that are no UTF-8.
std::string printable(std::string_view text, size_t most = 80);

}  // namespace signet

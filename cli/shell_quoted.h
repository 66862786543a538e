#pragma once

#include <string>

namespace signet {

/// An argument as it can be typed again in a shell.
inline std::string shell_quoted(const std::string& text) {
  const auto* plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
      "%+,-./:=@_";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos)
    return text;
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

}  // namespace signet

#include "signet/base/printable.h"

#include <cstdint>

namespace signet {
namespace {

/// A character of UTF-8 at the front of a text.
struct Character {
  size_t bytes = 1;
  uint32_t code = 0xFFFFFFFF;  ///< that, where the bytes are no UTF-8
};

Character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  if (byte(0) < 0x80) return {1, byte(0)};
  const size_t bytes = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (byte(0) < 0xC0 || byte(0) > 0xF7 || text.size() < bytes) return {};
  uint32_t code = byte(0) & (0xFFu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (code < kLeast[bytes] || code > 0x10FFFF || surrogate) return {};
  return {bytes, code};
}

bool is_shown(uint32_t code) {
  const auto within = [&](uint32_t first, uint32_t last) {
    return code >= first && code <= last;
  };
  return within(0x20, 0x10FFFF) && !within(0x7F, 0x9F) &&
         !within(0x200B, 0x200F) && !within(0x2028, 0x202E) &&
         !within(0x2060, 0x206F) && code != 0xFEFF;
}

void escape(std::string_view bytes, std::string& result) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char c : bytes) {
    if (c == '\n' || c == '\t' || c == '\r') {
      result += c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r";
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    result += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
  }
}

}  // namespace

std::string printable(std::string_view text, size_t most) {
  std::string result;
  size_t at = 0;
  while (at < text.size()) {
    const auto rest = text.substr(at);
    const auto [bytes, code] = first_character(rest);
    if (at + bytes > most) break;
    if (is_shown(code)) {
      result += rest.substr(0, bytes);
    } else {
      escape(rest.substr(0, bytes), result);
    }
    at += bytes;
  }
  if (at < text.size()) {
    result += "... (" + std::to_string(text.size()) + " bytes)";
  }
  return result;
}

}  // namespace signet

#include "signet/base/number.h"

#include <algorithm>

namespace signet {
namespace {

// A double has at most 309 digits before the point; the rest is for those
// behind it.
constexpr int kMaxDigits = 100;
constexpr size_t kBuffer = 512;

std::string text_of(double value, std::chars_format format, int digits) {
  char buffer[kBuffer];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, format,
                                 std::clamp(digits, 0, kMaxDigits))
                       .ptr;
  return {buffer, end};
}

}  // namespace

std::string number_text(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

std::string fixed_text(double value, int digits) {
  return text_of(value, std::chars_format::fixed, digits);
}

std::string general_text(double value, int digits) {
  return text_of(value, std::chars_format::general, digits);
}

}  // namespace signet

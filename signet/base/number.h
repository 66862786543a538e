#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace signet {

// Numbers as text, the same whatever locale the host program has set
// (std::locale::global, setlocale). Streams, printf, strtod, std::stod and
// std::to_string of a double are not, so all numbers in files come from here;
// tools/check_numbers, a test, looks for the others.

/// The shortest text that reads back as the same number.
std::string number_text(double value);

/// `digits` after the point, as printf's "%.*f": fixed_text(2.5, 2) is "2.50".
std::string fixed_text(double value, int digits);

/// At most `digits` significant ones, as printf's "%.*g".
std::string general_text(double value, int digits);

/// The number that the whole text is: "3", "-1.5", ".5", "1e-3", "inf", "nan".
/// Nothing if it is none, has a sign '+', or is out of the range of Number.
template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number value{};
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc() || end != last) return {};
  return value;
}

}  // namespace signet

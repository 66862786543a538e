#include "cli/option_checks.h"

#include <cmath>
#include <functional>
#include <string>

#include "signet/base/number.h"
#include "signet/base/printable.h"

namespace signet {
namespace {

template <class Number>
CLI::Validator checked(const std::string& must, const std::string& short_text,
                       const std::function<bool(Number)>& holds) {
  return CLI::Validator(
      [=](std::string& text) -> std::string {
        const auto value = read_number<Number>(
            std::string_view(text).substr(text.starts_with('+') ? 1 : 0));
        if (value && holds(*value)) return "";
        return "must be " + must + ", but got '" + printable(text) + "'";
      },
      short_text);
}

}  // namespace

CLI::Validator whole_number(int64_t least, int64_t most) {
  const bool bounded = most < std::numeric_limits<int64_t>::max();
  const auto first = std::to_string(least), last = std::to_string(most);
  return checked<int64_t>(
      "a whole number " +
          (bounded ? "from " + first + " to " + last : "of at least " + first),
      bounded ? first + ".." + last : ">=" + first,
      [=](int64_t v) { return v >= least && v <= most; });
}

CLI::Validator positive_number() {
  return checked<double>("a number above 0", ">0",
                         [](double v) { return std::isfinite(v) && v > 0; });
}

CLI::Validator non_negative_number() {
  return checked<double>("a number of at least 0", ">=0",
                         [](double v) { return std::isfinite(v) && v >= 0; });
}

CLI::Validator number_in(double least, double most) {
  const auto first = number_text(least), last = number_text(most);
  return checked<double>("a number from " + first + " to " + last,
                         first + ".." + last,
                         [=](double v) { return v >= least && v <= most; });
}

}  // namespace signet

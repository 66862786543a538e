#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "signet/base/number.h"

namespace signet {

/// What a record (estimator, optimizer, layer kind) can be told. The type of
/// `fallback` is the type of the parameter.
struct Parameter {
  std::string name;
  std::variant<double, int64_t, bool, std::string> fallback;
  std::string help;
  double min = -std::numeric_limits<double>::infinity();  ///< inclusive
  double max = std::numeric_limits<double>::infinity();   ///< inclusive
  std::vector<std::string> choices = {};  ///< for text; empty: any text
};

/// The spelling `name(key=value, ...)` that recipes and commands use.
struct Call {
  std::string name;
  std::vector<std::pair<std::string, std::string>> arguments;
};

/// Reads "gumbel(temperature=0.5)" or "reinforce". A value may be such a
/// spelling itself: "averaged(estimator=gumbel(temperature=1), samples=4)".
/// Errors: UsageError that shows where the text goes wrong.
Call parse_call(std::string_view text);

/// Values for all parameters of one record.
class Arguments {
 public:
  Arguments() = default;

  /// Defaults, overridden by the call. Errors: UsageError for an unknown key
  /// (names the nearest), a wrong type, a value out of range.
  Arguments(const std::vector<Parameter>& parameters, const Call& call);

  /// Whether there is a parameter of that name.
  bool has(std::string_view name) const;
  double number(std::string_view name) const;
  int64_t integer(std::string_view name) const;
  bool flag(std::string_view name) const;
  const std::string& text(std::string_view name) const;

  /// "name(a=1, b=2)" with every value, defaults included.
  std::string spell(std::string_view name) const;

 private:
  using Value = std::variant<double, int64_t, bool, std::string>;
  const Value& find(std::string_view name) const;

  std::vector<std::pair<std::string, Value>> values_;
};

/// One line a parameter: name, default, range, help.
std::string describe(const Parameter& parameter);

}  // namespace signet

#include "signet/base/arguments.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <stdexcept>

#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/base/printable.h"

namespace signet {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text[0])))
    text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.remove_suffix(1);
  return text;
}

bool is_name(std::string_view text) {
  if (text.empty()) return false;
  for (char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_')
      return false;
  }
  return true;
}

std::string range_text(const Parameter& p) {
  const bool below = std::isfinite(p.min), above = std::isfinite(p.max);
  if (below && above)
    return "in [" + number_text(p.min) + ", " + number_text(p.max) + "]";
  if (below) return "at least " + number_text(p.min);
  if (above) return "at most " + number_text(p.max);
  return "a number";
}

/// Of spellings in spellings: each is read by those outside it.
constexpr int kMaxDepth = 16;

/// Where the first comma outside parentheses is, or npos.
size_t find_comma(std::string_view text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    if (text[i] == ',' && depth == 0) return i;
  }
  return std::string_view::npos;
}

/// Every parenthesis has its partner, and '=' stands only within them: a plain
/// value or a spelling of its own, such as gumbel(temperature=1).
bool is_value(std::string_view text) {
  int depth = 0;
  for (char c : text) {
    if (c == '(' && ++depth > kMaxDepth) return false;
    if (c == ')' && --depth < 0) return false;
    if (c == '=' && depth == 0) return false;
  }
  return depth == 0 && !text.empty();
}

using Value = std::variant<double, int64_t, bool, std::string>;

Value read_value(const Parameter& p, const std::string& text,
                 const std::string& who) {
  const auto fail = [&](const std::string& must) -> Value {
    throw UsageError(who + ": " + p.name + " must be " + must + ", but got '" +
                     printable(text) + "'");
  };
  const auto in_range = [&](double v) { return v >= p.min && v <= p.max; };
  if (std::holds_alternative<double>(p.fallback)) {
    const auto v = read_number<double>(text);
    return v && std::isfinite(*v) && in_range(*v) ? Value(*v)
                                                  : fail(range_text(p));
  }
  if (std::holds_alternative<int64_t>(p.fallback)) {
    const auto v = read_number<int64_t>(text);
    return v && in_range(static_cast<double>(*v))
               ? Value(*v)
               : fail("a whole number " + range_text(p));
  }
  if (std::holds_alternative<bool>(p.fallback)) {
    if (text == "true") return true;
    if (text == "false") return false;
    return fail("true or false");
  }
  if (!p.choices.empty() &&
      std::find(p.choices.begin(), p.choices.end(), text) == p.choices.end()) {
    return fail("one of " + join(p.choices));
  }
  return text;
}

std::string value_text(const Value& value) {
  if (const auto* v = std::get_if<double>(&value)) return number_text(*v);
  if (const auto* v = std::get_if<int64_t>(&value)) return std::to_string(*v);
  if (const auto* v = std::get_if<bool>(&value)) return *v ? "true" : "false";
  return std::get<std::string>(value);
}

}  // namespace

Call parse_call(std::string_view text) {
  const auto fail = [&] {
    throw UsageError("'" + printable(text, 200) +
                     "' must read name or name(key=value, ...)");
  };
  const auto whole = trim(text);
  const auto open = whole.find('(');
  Call call{std::string(trim(whole.substr(0, open))), {}};
  if (!is_name(call.name)) fail();
  if (open == std::string_view::npos) return call;
  if (whole.back() != ')') fail();
  auto rest = trim(whole.substr(open + 1, whole.size() - open - 2));
  while (!rest.empty()) {
    const auto comma = find_comma(rest);
    const auto pair = rest.substr(0, comma);
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) fail();
    const auto key = trim(pair.substr(0, equals));
    const auto value = trim(pair.substr(equals + 1));
    if (!is_name(key) || !is_value(value)) fail();
    for (const auto& [known, _] : call.arguments) {
      if (known == key)
        throw UsageError("'" + printable(text, 200) + "' gives " + known +
                         " twice");
    }
    call.arguments.emplace_back(key, value);
    if (comma == std::string_view::npos) break;
    rest = trim(rest.substr(comma + 1));
    if (rest.empty()) fail();
  }
  return call;
}

Arguments::Arguments(const std::vector<Parameter>& parameters,
                     const Call& call) {
  std::vector<std::string> names;
  for (const auto& p : parameters) {
    names.push_back(p.name);
    values_.emplace_back(p.name, p.fallback);
  }
  for (const auto& [key, text] : call.arguments) {
    size_t i = 0;
    while (i < names.size() && names[i] != key) ++i;
    if (i == names.size()) {
      throw UsageError(
          names.empty()
              ? call.name + " takes no parameters, but got " + printable(key)
              : call.name + ": " + unknown_name("parameter", key, names));
    }
    values_[i].second = read_value(parameters[i], text, call.name);
  }
}

const Arguments::Value& Arguments::find(std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return value;
  }
  throw std::logic_error("Arguments: no parameter '" + std::string(name) + "'");
}

bool Arguments::has(std::string_view name) const {
  return std::any_of(values_.begin(), values_.end(),
                     [&](const auto& value) { return value.first == name; });
}
double Arguments::number(std::string_view name) const {
  return std::get<double>(find(name));
}
int64_t Arguments::integer(std::string_view name) const {
  return std::get<int64_t>(find(name));
}
bool Arguments::flag(std::string_view name) const {
  return std::get<bool>(find(name));
}
const std::string& Arguments::text(std::string_view name) const {
  return std::get<std::string>(find(name));
}

std::string Arguments::spell(std::string_view name) const {
  std::vector<std::string> parts;
  for (const auto& [key, value] : values_) {
    parts.push_back(key + "=" + value_text(value));
  }
  const auto inside = join(parts);
  return inside.empty() ? std::string(name)
                        : std::string(name) + "(" + inside + ")";
}

std::string describe(const Parameter& p) {
  std::string text = p.name + " = " + value_text(p.fallback) + "  " + p.help;
  if (!p.choices.empty())
    text += " (one of " + join(p.choices) + ")";
  else if (std::isfinite(p.min) || std::isfinite(p.max))
    text += " (" + range_text(p) + ")";
  return text;
}

}  // namespace signet

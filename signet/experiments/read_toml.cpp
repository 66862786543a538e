#include "signet/experiments/read_toml.h"

#include <algorithm>
#include <locale>
#include <sstream>
#include <string_view>

#include "signet/base/error.h"
#include "signet/base/printable.h"

namespace signet {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr int kMaxParts = 16, kMaxDepth = 16;

std::string_view line_of(std::string_view text, size_t number) {
  for (; number > 1; --number) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find_first_of("\r\n"));
}

/// Where a quoted text that begins at `at` ends: behind its last quote.
size_t quoted_end(std::string_view text, size_t at) {
  const char quote = text[at];
  const std::string three(3, quote);
  const bool lines = text.substr(at).starts_with(three);
  const std::string close = lines ? three : std::string(1, quote);
  for (size_t i = at + close.size(); i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text.substr(i).starts_with(close)) {
      return i + close.size();
    } else if (!lines && text[i] == '\n') {
      return i;
    }
  }
  return text.size();
}

/// Refuses what would be read as too deep a tree.
void check_depth(std::string_view text, const std::string& source) {
  int depth = 0, dots = 0;
  size_t line = 1;
  const auto fail = [&](const std::string& what) {
    throw UsageError(source + ":" + std::to_string(line) + ": " + what);
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      const size_t end = quoted_end(text, i);
      line += static_cast<size_t>(
          std::count(text.begin() + static_cast<ptrdiff_t>(i),
                     text.begin() + static_cast<ptrdiff_t>(end), '\n'));
      i = end - 1;
    } else if (c == '#') {
      i = std::min(text.find('\n', i), text.size()) - 1;
    } else if (c == '.') {
      if (++dots >= kMaxParts) {
        fail("a key must have at most " + std::to_string(kMaxParts) +
             " parts, but got more");
      }
    } else if (c == '[' || c == '{') {
      dots = 0;
      if (++depth > kMaxDepth) {
        fail("brackets must lie within at most " +
             std::to_string(kMaxDepth - 1) + " others, but got more");
      }
    } else if (c == ']' || c == '}') {
      dots = 0;
      --depth;
    } else if (c == '=' || c == ',' || c == '\n') {
      dots = 0;
      line += c == '\n';
    }
  }
}

template <class Value>
std::string written(const Value& value) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << toml::value<Value>(value);
  return text.str();
}

}  // namespace

toml::table read_toml(const std::string& text, const std::string& source) {
  if (text.size() > kMaxBytes) {
    throw UsageError(source + ": must be at most 1 MB of TOML, but is " +
                     std::to_string(text.size()) + " bytes");
  }
  check_depth(text, source);
  try {
    return toml::parse(text, source);
  } catch (const toml::parse_error& error) {
    const size_t line = error.source().begin.line;
    throw UsageError(source + ":" + std::to_string(line) +
                     ": must be TOML, such as key = 0.5 or key = \"text\", but "
                     "got '" +
                     printable(line_of(text, line)) + "'");
  }
}

std::string toml_text(const std::string& text) { return written(text); }

std::string toml_number(double value) { return written(value); }

}  // namespace signet

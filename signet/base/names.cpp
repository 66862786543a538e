#include "signet/base/names.h"

#include <algorithm>
#include <numeric>

#include "signet/base/printable.h"

namespace signet {
namespace {

/// Levenshtein distance. Cost: O(|a| |b|).
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitution = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitution});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_name(std::string_view name,
                         std::span<const std::string> candidates) {
  constexpr size_t kLongest = 200;  // beyond it no slip of the finger
  if (name.size() > kLongest) return "";
  std::string best;
  size_t best_distance = name.size() / 2 + 1;
  for (const auto& candidate : candidates) {
    const size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string unknown_name(std::string_view what, std::string_view name,
                         std::span<const std::string> candidates) {
  std::string text =
      "unknown " + std::string(what) + " '" + printable(name) + "'";
  const auto near = nearest_name(name, candidates);
  if (!near.empty())
    text += ": did you mean '" + near + "'?";
  else
    text += ".";
  return text + " Known: " + join(candidates);
}

std::string join(std::span<const std::string> parts,
                 std::string_view separator) {
  std::string text;
  for (const auto& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

}  // namespace signet

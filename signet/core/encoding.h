#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace signet {

/// The two values of a Bernoulli unit. A network re-encoded (with its weights
/// mapped by x = 2y - 1) has identical gradients.
enum class Encoding {
  bits,   ///< {0, 1},   mean p
  signs,  ///< {-1, +1}, mean 2p - 1
};

constexpr double low(Encoding e) { return e == Encoding::bits ? 0.0 : -1.0; }
constexpr double high(Encoding) { return 1.0; }
/// Distance between the two values: dE[x]/dp.
constexpr double width(Encoding e) { return high(e) - low(e); }

constexpr std::string_view name_of(Encoding e) {
  return e == Encoding::bits ? "bits" : "signs";
}

/// Throws std::invalid_argument unless `name` is "bits" or "signs".
inline Encoding parse_encoding(std::string_view name) {
  if (name == "bits") return Encoding::bits;
  if (name == "signs") return Encoding::signs;
  throw std::invalid_argument(
      "encoding: must be bits ({0,1}) or signs ({-1,+1}), but got '" +
      std::string(name) + "'");
}

}  // namespace signet

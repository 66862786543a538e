#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace signet {

/// What one example looks like between two layers: a vector of values, or a
/// map of height x width pixels with channels. In memory the channels of a
/// pixel are neighbours: [height, width, channels].
struct Shape {
  int64_t channels = 0;
  int64_t height = 1;
  int64_t width = 1;
  bool flat = true;  ///< a vector; then height = width = 1

  static Shape vector(int64_t values) { return {.channels = values}; }
  static Shape map(int64_t channels, int64_t height, int64_t width) {
    return {channels, height, width, false};
  }

  int64_t values() const { return channels * height * width; }
  /// "784", or "64x14x14": channels, height, width.
  std::string text() const;
  /// Reads text() back. Errors: UsageError.
  static Shape parse(std::string_view text);

  bool operator==(const Shape&) const = default;
};

}  // namespace signet

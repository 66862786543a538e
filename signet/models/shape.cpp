#include "signet/models/shape.h"

#include <charconv>
#include <vector>

#include "signet/base/error.h"
#include "signet/base/printable.h"

namespace signet {
namespace {

constexpr int64_t kMostSide = int64_t{1} << 20;

}  // namespace

std::string Shape::text() const {
  auto text = std::to_string(channels);
  if (flat) return text;
  for (const int64_t side : {height, width}) {
    text += 'x';
    text += std::to_string(side);
  }
  return text;
}

Shape Shape::parse(std::string_view text) {
  std::vector<int64_t> sizes;
  const char* at = text.data();
  const char* end = at + text.size();
  while (true) {
    int64_t size = 0;
    const auto [next, error] = std::from_chars(at, end, size);
    if (error != std::errc() || size < 1 || size > kMostSide) break;
    sizes.push_back(size);
    if (next == end) {
      if (sizes.size() == 1) return vector(sizes[0]);
      if (sizes.size() == 3) return map(sizes[0], sizes[1], sizes[2]);
      break;
    }
    if (*next != 'x') break;
    at = next + 1;
  }
  throw UsageError("shape: must read 784 or 1x28x28, but got '" +
                   printable(text) + "'");
}

}  // namespace signet

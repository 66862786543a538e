#include "signet/data/split.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

namespace signet {
namespace {

uint64_t splitmix64(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// Uniform on 0 ... bound-1.
uint64_t below(uint64_t bound, uint64_t& state) {
  const uint64_t excess = (0 - bound) % bound;  // 2^64 mod bound
  while (true) {
    const uint64_t draw = splitmix64(state);
    if (draw <= UINT64_MAX - excess) return draw % bound;
  }
}

}  // namespace

Split split_indices(int64_t n, int64_t validation, uint64_t seed) {
  if (validation < 0 || validation > n) {
    throw std::runtime_error("split_indices: validation must be 0 to " +
                             std::to_string(n) + " examples, but got " +
                             std::to_string(validation));
  }
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  const auto taken = static_cast<size_t>(validation);
  for (size_t i = 0; i < taken; ++i) {
    std::swap(order[i], order[i + below(order.size() - i, seed)]);
  }
  const auto border = order.begin() + validation;
  std::sort(order.begin(), border);
  std::sort(border, order.end());
  return {.train = {border, order.end()},
          .validation = {order.begin(), border}};
}

}  // namespace signet

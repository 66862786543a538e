#pragma once

#include <cstdint>

namespace signet::drawing {

/// Numbers come in groups of 64: 16 Philox blocks of four words.
inline constexpr std::int64_t kGroup = 64;

/// Where the numbers of a stream are; core/random.h says which number is
/// where.
struct Address {
  std::uint64_t seed;
  std::uint32_t site, step, replica;
};

}  // namespace signet::drawing

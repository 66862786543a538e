#pragma once

#include <array>
#include <cstdint>

namespace signet {

/// Philox4x32-10: a bijection of 128-bit counters, one for each 64-bit key,
/// whose outputs on successive counters pass BigCrush. Ten rounds of
///   (c0, c1, c2, c3) <- (hi(M1 c2) ^ c1 ^ k0, lo(M1 c2),
///                        hi(M0 c0) ^ c3 ^ k1, lo(M0 c0)),
/// the key growing by (W0, W1) after each. This is the definition that the
/// vectorised kernels must match bit for bit.
/// Source: Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy
/// as 1, 2, 3" (library Random123).
constexpr std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter,
                                             std::array<uint32_t, 2> key) {
  constexpr uint64_t kM0 = 0xD2511F53, kM1 = 0xCD9E8D57;
  constexpr uint32_t kW0 = 0x9E3779B9, kW1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = kM0 * counter[0], p1 = kM1 * counter[2];
    counter = {static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(p1),
               static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(p0)};
    key = {key[0] + kW0, key[1] + kW1};
  }
  return counter;
}

}  // namespace signet

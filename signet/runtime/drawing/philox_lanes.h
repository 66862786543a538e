#pragma once

#include <cstdint>

#include "signet/runtime/drawing/address.h"

namespace signet::drawing {
namespace {

/// Philox on vectors, for the levels that multiply the low halves of 64-bit
/// lanes. Each lane of a `D` carries one block, with garbage in its upper
/// half: the multiply ignores it, so rounds need no shuffles. Even and odd
/// blocks run apart and are merged last. Included by a level's file under its
/// flags, as vectors.h is.
/// Lanes: D (vector of uint64_t), U (vector of twice as many uint32_t),
/// mul(D, D), merge(even, odd).
template <class D, class U, class Lanes>
class PhiloxLanes {
  static constexpr int kLanes = sizeof(U) / sizeof(uint32_t);

 public:
  explicit PhiloxLanes(const Address& a)
      : site_(all(a.site)), step_(all(a.step)), replica_(all(a.replica)) {
    for (int i = 0; i < kLanes / 2; ++i) even_[i] = 2 * i;
    for (uint32_t round = 0; round < 10; ++round) {
      keys_[round][0] = all((a.seed & 0xFFFFFFFF) + round * 0x9E3779B9ull);
      keys_[round][1] = all((a.seed >> 32) + round * 0xBB67AE85ull);
    }
  }

  void set_replica(uint32_t replica) { replica_ = all(replica); }

  /// The 64 words of a group.
  [[gnu::always_inline]] void words(int64_t group,
                                    U (&out)[4][16 / kLanes]) const {
    const D m0 = all(0xD2511F53), m1 = all(0xCD9E8D57);
#pragma GCC unroll 2
    for (int v = 0; v < 16 / kLanes; ++v) {
      const D first = all(group * 16 + v * kLanes);
      D c[2][4] = {{first + even_, site_, step_, replica_},
                   {first + even_ + 1, site_, step_, replica_}};
      // Round by round, not block by block: the two chains hide each other's
      // latency, which the processor's own window is too short for.
#pragma GCC unroll 10
      for (const auto& key : keys_) {
#pragma GCC unroll 2
        for (auto& [c0, c1, c2, c3] : c) {
          const D p0 = Lanes::mul(c0, m0), p1 = Lanes::mul(c2, m1);
          c0 = (p1 >> 32) ^ c1 ^ key[0];
          c1 = p1;
          c2 = (p0 >> 32) ^ c3 ^ key[1];
          c3 = p0;
        }
      }
#pragma GCC unroll 4
      for (int w = 0; w < 4; ++w) out[w][v] = Lanes::merge(c[0][w], c[1][w]);
    }
  }

 private:
  [[gnu::always_inline]] static D all(uint64_t x) { return D{} + x; }

  D even_, site_, step_, replica_, keys_[10][2];
};

}  // namespace
}  // namespace signet::drawing

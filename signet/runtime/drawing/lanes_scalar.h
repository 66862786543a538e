#pragma once

#include "signet/runtime/drawing/philox.h"
#include "signet/runtime/drawing/vectors.h"

namespace signet::drawing {
namespace {

/// One lane: the definition that the other levels must match. See vectors.h.
struct ScalarLanes {
  static constexpr int kLanes = 1;
  using F = float;
  using U = uint32_t;

  static F multiply_add(F a, F b, F c) { return __builtin_fmaf(a, b, c); }
  static F at_most(float bound, F x) { return bound < x ? bound : x; }
  static F at_least(float bound, F x) { return bound > x ? bound : x; }
  static F logits(const int32_t* s, const double* scale, const double* offset) {
    return static_cast<float>(*scale * *s + *offset);
  }
  static uint64_t mask(bool below) { return below; }

  struct Stream {
    explicit Stream(const Address& a) : a(a) {}
    void set_replica(uint32_t replica) { a.replica = replica; }
    void words(int64_t group, U (&out)[4][16]) const {
      for (uint32_t i = 0; i < 16; ++i) {
        const auto block = philox4x32(
            {static_cast<uint32_t>(group) * 16 + i, a.site, a.step, a.replica},
            {static_cast<uint32_t>(a.seed),
             static_cast<uint32_t>(a.seed >> 32)});
        for (int w = 0; w < 4; ++w) out[w][i] = block[w];
      }
    }
    Address a;
  };
};

}  // namespace
}  // namespace signet::drawing

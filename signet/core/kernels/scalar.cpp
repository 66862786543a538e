#include "signet/core/kernels/make_level.h"
#include "signet/core/philox.h"

namespace signet::kernels {
namespace {

/// The definition that the other levels must match.
struct Lanes {
  static constexpr int kLanes = 1;
  using F = float;
  using Row = float;
  using U = uint32_t;
  using H = uint16_t;

  static F multiply_add(F a, F b, F c) { return __builtin_fmaf(a, b, c); }
  static F at_most(float bound, F x) { return bound < x ? bound : x; }
  static F at_least(float bound, F x) { return bound > x ? bound : x; }
  static U widen(H x) { return x; }
  static H narrow(U x) { return static_cast<H>(x); }

  struct Stream {
    explicit Stream(const Address& a) : a(a) {}
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

extern const Level kScalar;
constinit const Level kScalar = make_level<Lanes>("scalar");

}  // namespace signet::kernels

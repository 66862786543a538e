#pragma once

#include "signet/runtime/drawing/draw_kernel.h"
#include "signet/runtime/drawing/families.h"

// The kernel of every level, written once; see vectors.h.

namespace signet::runtime {
namespace {

using namespace drawing;

/// No noise: the unit's more probable state.
template <class Lanes>
struct Step {
  using F = typename Lanes::F;
  [[gnu::always_inline]] static F limit(F a) { return a; }
  [[gnu::always_inline]] static auto under(F, F a) { return a >= 0.f; }
};

/// Whether a family needs random numbers.
template <class Family>
constexpr bool kDraws = true;
template <class Lanes>
constexpr bool kDraws<Step<Lanes>> = false;

template <class Lanes>
class DrawBits {
  using F = typename Lanes::F;
  using U = typename Lanes::U;
  static constexpr int kVectors = 16 / Lanes::kLanes;
  using Limits = F[4][kVectors];

 public:
  static void bits(const DrawCall& call, uint64_t* out) {
    switch (call.noise) {
      case NoiseFamily::none:
        return draw<Step<Lanes>>(call, out);
      case NoiseFamily::logistic:
      case NoiseFamily::sigmoid:
        // Their limits differ, what is under them does not.
        return draw<Logistic<Lanes>>(call, out);
      case NoiseFamily::uniform:
      case NoiseFamily::triangular:
      case NoiseFamily::laplace:
        return draw<Uniform<Lanes>>(call, out);
    }
  }

 private:
  template <class Family>
  static void draw(const DrawCall& call, uint64_t* out) {
    typename Lanes::Stream stream(call.address);
    const int64_t groups = (call.units + kGroup - 1) / kGroup;
    const int64_t step = kGroup % call.channels;
    const bool shared = call.sums_stride == 0;
    for (int64_t g = 0, channel = 0; g < groups; ++g) {
      Limits limits;
      for (int64_t r = 0; r < call.replicas; ++r) {
        if (r == 0 || !shared) {
          set_limits(call, call.sums + r * call.sums_stride, g, channel,
                     limits);
        }
        stream.set_replica(call.address.replica + static_cast<uint32_t>(r));
        out[r * call.out_stride + g] = word<Family>(stream, g, limits);
      }
      channel += step;
      if (channel >= call.channels) channel -= call.channels;
    }
    if (call.units % kGroup == 0) return;
    const uint64_t used = (uint64_t{1} << call.units % kGroup) - 1;
    for (int64_t r = 0; r < call.replicas; ++r) {
      out[r * call.out_stride + groups - 1] &= used;
    }
  }

  /// Not inline: small code in place of some nanoseconds.
  [[gnu::noinline]] static void set_limits(const DrawCall& call,
                                           const int32_t* sums, int64_t group,
                                           int64_t channel, Limits& limits) {
    const auto set = [&](auto family) {
      set_limits_of<decltype(family)>(call, sums, group, channel, limits);
    };
    switch (call.noise) {
      case NoiseFamily::none:
        return set(Step<Lanes>{});
      case NoiseFamily::logistic:
        return set(Logistic<Lanes>{});
      case NoiseFamily::uniform:
        return set(Uniform<Lanes>{});
      case NoiseFamily::triangular:
        return set(Triangular<Lanes>{});
      case NoiseFamily::laplace:
        return set(Laplace<Lanes>{});
      case NoiseFamily::sigmoid:
        return set(Sigmoid<Lanes>{});
    }
  }

  template <class Family>
  [[gnu::always_inline]] static void set_limits_of(const DrawCall& call,
                                                   const int32_t* sums,
                                                   int64_t group,
                                                   int64_t channel,
                                                   Limits& limits) {
#pragma GCC unroll 4
    for (int w = 0; w < 4; ++w) {
      for (int v = 0; v < kVectors; ++v) {
        const int64_t at = w * 16 + v * Lanes::kLanes;
        limits[w][v] = Family::limit(Lanes::logits(sums + group * kGroup + at,
                                                   call.scale + channel + at,
                                                   call.offset + channel + at));
      }
    }
  }

  /// 64 units, the first lowest.
  template <class Family>
  [[gnu::always_inline]] static uint64_t word(
      const typename Lanes::Stream& stream, int64_t group,
      const Limits& limits) {
    U words[4][kVectors] = {};
    if constexpr (kDraws<Family>) stream.words(group, words);
    uint64_t bits = 0;
#pragma GCC unroll 4
    for (int w = 0; w < 4; ++w) {
      for (int v = 0; v < kVectors; ++v) {
        const auto under =
            Family::under(to_uniform<Lanes>(words[w][v]), limits[w][v]);
        bits |= Lanes::mask(under) << (w * 16 + v * Lanes::kLanes);
      }
    }
    return bits;
  }
};

}  // namespace
}  // namespace signet::runtime

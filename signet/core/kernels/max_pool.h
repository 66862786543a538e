#pragma once

#include "signet/core/kernels/units.h"

// Max pooling of channels that are the last axis, written once for all levels
// as units.h is.

namespace signet::kernels {
namespace {

template <class Lanes, class Number>
struct MaxPool {
  using F = typename Lanes::F;
  static constexpr int64_t kLanes = Lanes::kLanes;

  /// Calls body(first, count) for the vectors of a pixel. The last one reaches
  /// back over channels of the one before it; fewer channels than lanes are
  /// one vector of fewer.
  template <class Body>
  [[gnu::always_inline]] static void for_each_vector(int64_t channels,
                                                     const Body& body) {
    if (channels < kLanes) return body(0, channels);
    int64_t c = 0;
    for (; c + kLanes <= channels; c += kLanes) body(c, kLanes);
    if (c < channels) body(channels - kLanes, kLanes);
  }

  [[gnu::always_inline]] static F load_some(const Number* from, int64_t count) {
    if (count == kLanes) return load_floats<Lanes>(from);
    Number some[kLanes] = {};
    __builtin_memcpy(some, from, count * sizeof(Number));
    return load_floats<Lanes>(some);
  }
  [[gnu::always_inline]] static void store_some(Number* to, F x,
                                                int64_t count) {
    if (count == kLanes) return store_exact<Lanes>(to, x);
    Number some[kLanes];
    store_exact<Lanes>(some, x);
    __builtin_memcpy(to, some, count * sizeof(Number));
  }

  [[gnu::always_inline]] static auto is_greater(F x, F than) {
    return (x > than) | (x != x);
  }

  static void forward(int64_t pixels, int64_t channels, const Number* top,
                      const Number* bottom, Number* out) {
    for (int64_t p = 0; p < pixels; ++p) {
      for_each_vector(channels, [&](int64_t c, int64_t count) {
        F greatest = load_some(top + c, count);
        for (const auto* from :
             {top + channels + c, bottom + c, bottom + channels + c}) {
          const F x = load_some(from, count);
          greatest = is_greater(x, greatest) ? x : greatest;
        }
        store_some(out + c, greatest, count);
      });
      top += 2 * channels;
      bottom += 2 * channels;
      out += channels;
    }
  }

  static void backward(int64_t pixels, int64_t channels, const Number* top,
                       const Number* bottom, const Number* grad,
                       Number* top_out, Number* bottom_out) {
    for (int64_t p = 0; p < pixels; ++p) {
      for_each_vector(channels, [&](int64_t c, int64_t count) {
        const F zero{};
        F greatest = load_some(top + c, count);
        // What the pixels seen so far get; a greater one takes it all.
        F g[4] = {load_some(grad + c, count), zero, zero, zero};
        const Number* from[] = {nullptr, top + channels + c, bottom + c,
                                bottom + channels + c};
#pragma GCC unroll 4
        for (int k = 1; k < 4; ++k) {
          const F x = load_some(from[k], count);
          const auto greater = is_greater(x, greatest);
          greatest = greater ? x : greatest;
          g[k] = greater ? load_some(grad + c, count) : zero;
          for (int j = 0; j < k; ++j) g[j] = greater ? zero : g[j];
        }
        store_some(top_out + c, g[0], count);
        store_some(top_out + channels + c, g[1], count);
        store_some(bottom_out + c, g[2], count);
        store_some(bottom_out + channels + c, g[3], count);
      });
      top += 2 * channels;
      bottom += 2 * channels;
      grad += channels;
      top_out += 2 * channels;
      bottom_out += 2 * channels;
    }
  }
};

}  // namespace
}  // namespace signet::kernels

#pragma once

#include <cstdint>

#include "signet/core/kernels/level.h"
#include "signet/runtime/drawing/families.h"

// The arithmetic of every level, written once, as drawing/vectors.h is, whose
// `Lanes` here also have:
//   H                 kLanes uint16_t
//   Row               floats of one row of a small matrix: a vector, or one
//   widen(H), narrow(U)                    the same numbers, below 2^16

namespace signet::kernels {
namespace {

using namespace drawing;

/// Numbers as floats: a bfloat16 is the upper half of one.
template <class Lanes>
[[gnu::always_inline]] inline typename Lanes::F load_floats(const float* from) {
  return load<typename Lanes::F>(from);
}
template <class Lanes>
[[gnu::always_inline]] inline typename Lanes::F load_floats(
    const Bfloat16* from) {
  return cast<typename Lanes::F>(Lanes::widen(load<typename Lanes::H>(from))
                                 << 16);
}

/// Stores floats that are numbers of the type: nothing is rounded.
template <class Lanes>
[[gnu::always_inline]] inline void store_exact(float* to, typename Lanes::F x) {
  store(to, x);
}
template <class Lanes>
[[gnu::always_inline]] inline void store_exact(Bfloat16* to,
                                               typename Lanes::F x) {
  store(to, Lanes::narrow(cast<typename Lanes::U>(x) >> 16));
}

/// Stores floats rounded to the type, halves to even; NaN stays NaN.
template <class Lanes>
[[gnu::always_inline]] inline void store_floats(float* to,
                                                typename Lanes::F x) {
  store(to, x);
}
template <class Lanes>
[[gnu::always_inline]] inline void store_floats(Bfloat16* to,
                                                typename Lanes::F x) {
  using U = typename Lanes::U;
  const U bits = cast<U>(x);
  const U rounded = bits + 0x7FFFu + ((bits >> 16) & 1u);
  const U nan = U{} + 0x7FC00000u;
  store_exact<Lanes>(to, cast<typename Lanes::F>(x == x ? rounded : nan));
}

/// F or F' itself in place of the logit.
template <class Lanes>
struct Probability {
  using F = typename Lanes::F;
  [[gnu::always_inline]] static F limit(F p) { return p; }
  [[gnu::always_inline]] static auto under(F u, F p) { return u < p; }
  [[gnu::always_inline]] static F density(F d) { return d; }
};

/// No proxy at all: F' = 1.
template <class Lanes>
struct Identity {
  using F = typename Lanes::F;
  [[gnu::always_inline]] static F density(F) { return all<F>(1.f); }
};

/// body(family), for the families that have a kernel.
template <class Lanes, class Body>
[[gnu::always_inline]] inline void with_family(ThresholdKernel kernel,
                                               const Body& body) {
  switch (kernel) {
    case ThresholdKernel::probability:
      return;
    case ThresholdKernel::logistic:
      return body(Logistic<Lanes>{});
    case ThresholdKernel::uniform:
      return body(Uniform<Lanes>{});
    case ThresholdKernel::triangular:
      return body(Triangular<Lanes>{});
    case ThresholdKernel::laplace:
      return body(Laplace<Lanes>{});
    case ThresholdKernel::sigmoid:
      return body(Sigmoid<Lanes>{});
  }
}

/// Calls body(u, first element) for the vectors of whole groups.
template <class Lanes, class Body>
[[gnu::always_inline]] inline void for_each_vector(const Address& address,
                                                   int64_t first_group,
                                                   int64_t groups,
                                                   const Body& body) {
  constexpr int kVectors = 16 / Lanes::kLanes;
  const typename Lanes::Stream stream(address);
  for (int64_t g = 0; g < groups; ++g) {
    typename Lanes::U words[4][kVectors];
    stream.words(first_group + g, words);
#pragma GCC unroll 4
    for (int w = 0; w < 4; ++w) {
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) {
        body(words[w][v], g * kGroup + w * 16 + v * Lanes::kLanes);
      }
    }
  }
}

/// Runs body(group, groups, in, out) on the whole groups and then, through
/// buffers, on what is left of the last one.
template <class In, class Out, class Body>
[[gnu::always_inline]] inline void with_tail(int64_t first_group, int64_t count,
                                             const In* in, Out* out,
                                             const Body& body) {
  const int64_t whole = count / kGroup, rest = count % kGroup;
  body(first_group, whole, in, out);
  if (rest == 0) return;
  In last_in[kGroup] = {};
  Out last_out[kGroup];
  const int64_t at = whole * kGroup;
  if (in) __builtin_memcpy(last_in, in + at, rest * sizeof(In));
  body(first_group + whole, 1, last_in, last_out);
  __builtin_memcpy(out + at, last_out, rest * sizeof(Out));
}

template <class Lanes>
struct Kernels {
  using F = typename Lanes::F;
  using U = typename Lanes::U;

  static void words(const Address& address, int64_t first_group, int64_t count,
                    uint32_t* out) {
    with_tail<uint32_t>(
        first_group, count, nullptr, out,
        [&](int64_t group, int64_t groups, const uint32_t*, uint32_t* out) {
          for_each_vector<Lanes>(address, group, groups,
                                 [&](U w, int64_t i) { store(out + i, w); });
        });
  }

  static void uniform(const Address& address, int64_t first_group,
                      int64_t count, float* out) {
    with_tail<float>(
        first_group, count, nullptr, out,
        [&](int64_t group, int64_t groups, const float*, float* out) {
          for_each_vector<Lanes>(address, group, groups, [&](U w, int64_t i) {
            store(out + i, to_uniform<Lanes>(w));
          });
        });
  }

  template <class Family>
  static void draw_family(const Address& address, int64_t first_group,
                          int64_t count, const float* logits, float low,
                          float high, float* out) {
    const F if_below = all<F>(high), if_not = all<F>(low);
    with_tail(
        first_group, count, logits, out,
        [&](int64_t group, int64_t groups, const float* logits, float* out) {
          for_each_vector<Lanes>(address, group, groups, [&](U w, int64_t i) {
            const auto below = Family::under(
                to_uniform<Lanes>(w), Family::limit(load<F>(logits + i)));
            store(out + i, below ? if_below : if_not);
          });
        });
  }

  /// out = body(first, second), element by element.
  template <class Body>
  [[gnu::always_inline]] static void map(int64_t count, const float* first,
                                         const float* second, float* out,
                                         const Body& body) {
    int64_t i = 0;
    for (; i + Lanes::kLanes <= count; i += Lanes::kLanes) {
      store(out + i, body(load<F>(first + i), load<F>(second + i)));
    }
    if (i == count) return;
    float last[3][Lanes::kLanes] = {};
    __builtin_memcpy(last[0], first + i, (count - i) * sizeof(float));
    __builtin_memcpy(last[1], second + i, (count - i) * sizeof(float));
    store(last[2], body(load<F>(last[0]), load<F>(last[1])));
    __builtin_memcpy(out + i, last[2], (count - i) * sizeof(float));
  }

  template <class Family>
  static void gradient_family(int64_t count, const float* logits, float scale,
                              const float* grad, float* out) {
    map(count, logits, grad, out,
        [&](F a, F g) { return Family::density(a) * scale * g; });
  }

  template <class Family>
  static void score_family(int64_t count, const float* logits,
                           const float* units, float middle, float* out) {
    map(count, logits, units, out, [&](F a, F x) {
      const auto high = x > middle;
      const F s = Family::score(high ? a : -a);
      return high ? s : -s;
    });
  }

  static void draw(ThresholdKernel kernel, const Address& address,
                   int64_t first_group, int64_t count, const float* logits,
                   float low, float high, float* out) {
    const auto run = [&](auto family) {
      draw_family<decltype(family)>(address, first_group, count, logits, low,
                                    high, out);
    };
    if (kernel == ThresholdKernel::probability)
      return run(Probability<Lanes>{});
    with_family<Lanes>(kernel, run);
  }

  static void gradient(ThresholdKernel kernel, int64_t count,
                       const float* logits, float scale, const float* grad,
                       float* out) {
    const auto run = [&](auto family) {
      gradient_family<decltype(family)>(count, logits, scale, grad, out);
    };
    if (kernel == ThresholdKernel::probability)
      return run(Probability<Lanes>{});
    with_family<Lanes>(kernel, run);
  }

  static void score(ThresholdKernel kernel, int64_t count, const float* logits,
                    const float* units, float middle, float* out) {
    with_family<Lanes>(kernel, [&](auto family) {
      score_family<decltype(family)>(count, logits, units, middle, out);
    });
  }
};

}  // namespace
}  // namespace signet::kernels

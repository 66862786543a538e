#pragma once

#include <cstdint>

#include "signet/core/kernels/level.h"

// The arithmetic of every level, written once. Each level's file includes this
// header under its own compiler flags and makes a Level of its own `Lanes`:
//   kLanes, F, U, H   F: kLanes floats; U, H: as many uint32_t and uint16_t
//                     (GCC vectors, or the types themselves)
//   Row               floats of one row of a small matrix: a vector, or one
//   multiply_add(a, b, c)                  a b + c, rounded once
//   at_most(bound, x), at_least(bound, x)  x clamped; NaN stays NaN
//   widen(H), narrow(U)                    the same numbers, below 2^16
//   Stream            of an Address; words(group, out): the words of a group
// Everything is in an unnamed namespace and nothing here is from the standard
// library: an inline function that two levels share by name could be linked
// from the wrong one. The compiler fuses nothing (-ffp-contract=off) and
// reorders nothing, so all levels round alike.

namespace signet::kernels {
namespace {

template <class To, class From>
[[gnu::always_inline]] inline To cast(const From& from) {
  return __builtin_bit_cast(To, from);
}

template <class Vector, class Number>
[[gnu::always_inline]] inline Vector load(const Number* from) {
  Vector v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}

template <class Vector, class Number>
[[gnu::always_inline]] inline void store(Number* to, const Vector& v) {
  __builtin_memcpy(to, &v, sizeof v);
}

template <class F>
[[gnu::always_inline]] inline F all(float x) {
  return F{} + x;
}

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

template <class Lanes>
[[gnu::always_inline]] inline typename Lanes::F absolute(typename Lanes::F x) {
  return cast<typename Lanes::F>(cast<typename Lanes::U>(x) & 0x7FFFFFFFu);
}

/// u = (2 floor(w / 2^9) + 1) / 2^24. The 23 bits, as the fraction of a float
/// in [1, 2), less 1 - 2^-24: an exact subtraction.
template <class Lanes>
[[gnu::always_inline]] inline typename Lanes::F to_uniform(
    typename Lanes::U word) {
  return cast<typename Lanes::F>((word >> 9) | 0x3F800000u) - (1.f - 0x1p-24f);
}

/// 2^t for t in [-126, 127], within 1 ulp: t = n + r, |r| <= 1/2, and the
/// polynomial of degree 6 with p(0) = 1 and the least relative error (2e-9).
/// NaN gives NaN.
template <class Lanes>
[[gnu::always_inline]] inline typename Lanes::F power_of_two(
    typename Lanes::F t) {
  using F = typename Lanes::F;
  using U = typename Lanes::U;
  // Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits.
  const F shifted = t + 0x1.8p23f;
  const F r = t - (shifted - 0x1.8p23f);
  F p = all<F>(1.53533620e-4f);
  constexpr float kRest[] = {1.33988739e-3f, 9.61843692e-3f, 5.55033237e-2f,
                             2.40226477e-1f, 6.93147182e-1f, 1.f};
#pragma GCC unroll 6
  for (float c : kRest) p = Lanes::multiply_add(p, r, all<F>(c));
  return p * cast<F>((cast<U>(shifted) << 23) + 0x3F800000u);
}

inline constexpr float kLog2E = 1.44269504f;

/// exp(-|x|), not below 2^-126. NaN gives NaN.
template <class Lanes>
[[gnu::always_inline]] inline typename Lanes::F decay(typename Lanes::F x) {
  using F = typename Lanes::F;
  const F t = absolute<Lanes>(x) * -kLog2E;
  return power_of_two<Lanes>(Lanes::at_least(-126.f, t));
}

/// d / p, but 0 where p = 0.
template <class Lanes>
[[gnu::always_inline]] inline typename Lanes::F ratio(typename Lanes::F d,
                                                      typename Lanes::F p) {
  using F = typename Lanes::F;
  return p == 0.f ? all<F>(0.f) : d / p;
}

// One struct a family: below(u, a) is u < F(a), false if a is NaN;
// density(a) is F'(a); score(a) is F'(a)/F(a), or 0 where F(a) = 0.

template <class Lanes>
struct Probability {
  using F = typename Lanes::F;
  [[gnu::always_inline]] static auto below(F u, F p) { return u < p; }
  [[gnu::always_inline]] static F density(F d) { return d; }
};

template <class Lanes>
struct Logistic {
  using F = typename Lanes::F;
  /// u < 1 / (1 + q), q = exp(-2a) = 2^t, without a division: u q < 1 - u.
  /// Beyond |t| = 30 nothing changes, as 2^-24 <= u <= 1 - 2^-24.
  [[gnu::always_inline]] static auto below(F u, F a) {
    const F t = Lanes::at_least(-30.f, Lanes::at_most(30.f, a * (-2 * kLog2E)));
    return u * power_of_two<Lanes>(t) < 1.f - u;
  }
  /// 2q / (1 + q)^2, q = exp(-|2a|).
  [[gnu::always_inline]] static F density(F a) {
    const F q = decay<Lanes>(a * 2.f);
    return 2.f * q / ((1.f + q) * (1.f + q));
  }
  /// 2 / (1 + q), q = exp(2a); 2^-125 at least.
  [[gnu::always_inline]] static F score(F a) {
    const F t =
        Lanes::at_least(-126.f, Lanes::at_most(126.f, a * (2 * kLog2E)));
    return 2.f / (1.f + power_of_two<Lanes>(t));
  }
};

template <class Lanes>
struct Uniform {
  using F = typename Lanes::F;
  [[gnu::always_inline]] static auto below(F u, F a) {
    return u < (a + 1.f) * 0.5f;
  }
  [[gnu::always_inline]] static F density(F a) {
    return absolute<Lanes>(a) <= 1.f ? all<F>(0.5f) : all<F>(0.f);
  }
  [[gnu::always_inline]] static F score(F a) {
    return ratio<Lanes>(density(a), (a + 1.f) * 0.5f);
  }
};

template <class Lanes>
struct Triangular {
  using F = typename Lanes::F;
  [[gnu::always_inline]] static F side(F a) {
    return Lanes::at_least(0.f, 2.f - absolute<Lanes>(a));
  }
  [[gnu::always_inline]] static F cdf(F a) {
    const F s = side(a);
    const F t = s * s * 0.125f;
    return a < 0.f ? t : 1.f - t;
  }
  [[gnu::always_inline]] static auto below(F u, F a) { return u < cdf(a); }
  [[gnu::always_inline]] static F density(F a) { return side(a) * 0.25f; }
  [[gnu::always_inline]] static F score(F a) {
    return ratio<Lanes>(density(a), cdf(a));
  }
};

template <class Lanes>
struct Laplace {
  using F = typename Lanes::F;
  [[gnu::always_inline]] static auto below(F u, F a) {
    const F t = decay<Lanes>(a) * 0.5f;
    return u < (a < 0.f ? t : 1.f - t);
  }
  [[gnu::always_inline]] static F density(F a) {
    return decay<Lanes>(a) * 0.5f;
  }
  [[gnu::always_inline]] static F score(F a) {
    const F t = decay<Lanes>(a) * 0.5f;
    return a < 0.f ? all<F>(1.f) : t / (1.f - t);
  }
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
            const auto below =
                Family::below(to_uniform<Lanes>(w), load<F>(logits + i));
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

#pragma once

#include <cstdint>

// The arithmetic of drawing, written once for vectors of any length. A file of
// an instruction-set level, here or in core/kernels, includes it under flags
// of its own and says what its vectors are, by a struct `Lanes`:
//   kLanes, F, U   F: kLanes floats; U: as many uint32_t (GCC vectors, or the
//                  types themselves)
//   multiply_add(a, b, c)                  a b + c, rounded once
//   at_most(bound, x), at_least(bound, x)  x clamped; NaN stays NaN
//   logits(s, scale, offset)               float(scale s + offset), from
//                                          int32_t and double
//   mask(x < y)                            a bit a lane, the first lowest
//   Stream         of an Address; words(group, out): the words of a group
// Everything is in an unnamed namespace and nothing here is from the standard
// library: an inline function that two levels share by name could be linked
// from the wrong one. The compiler fuses nothing (-ffp-contract=off) and
// reorders nothing, so all levels round alike.

namespace signet::drawing {
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

}  // namespace
}  // namespace signet::drawing

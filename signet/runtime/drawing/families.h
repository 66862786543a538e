#pragma once

#include "signet/runtime/drawing/vectors.h"

namespace signet::drawing {
namespace {

// One struct a family: limit(a) is what under() wants of F(a); under(u,
// limit(a)) is u < F(a), false if a is NaN; density(a) is F'(a); score(a) is
// F'(a)/F(a), or 0 where F(a) = 0.

template <class Lanes>
struct Logistic {
  using F = typename Lanes::F;
  /// q = exp(-2a) = 2^t. Beyond |t| = 30 nothing changes, as
  /// 2^-24 <= u <= 1 - 2^-24.
  [[gnu::always_inline]] static F limit(F a) {
    return power_of_two<Lanes>(
        Lanes::at_least(-30.f, Lanes::at_most(30.f, a * (-2 * kLog2E))));
  }
  /// u < 1 / (1 + q), without a division.
  [[gnu::always_inline]] static auto under(F u, F q) { return u * q < 1.f - u; }
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

/// The logistic of half the logit: F(a) = 1 / (1 + exp(-a)). Halves are exact.
template <class Lanes>
struct Sigmoid {
  using F = typename Lanes::F;
  using Base = Logistic<Lanes>;
  [[gnu::always_inline]] static F limit(F a) { return Base::limit(a * 0.5f); }
  [[gnu::always_inline]] static auto under(F u, F q) {
    return Base::under(u, q);
  }
  [[gnu::always_inline]] static F density(F a) {
    return Base::density(a * 0.5f) * 0.5f;
  }
  [[gnu::always_inline]] static F score(F a) {
    return Base::score(a * 0.5f) * 0.5f;
  }
};

template <class Lanes>
struct Uniform {
  using F = typename Lanes::F;
  [[gnu::always_inline]] static F limit(F a) { return (a + 1.f) * 0.5f; }
  [[gnu::always_inline]] static auto under(F u, F p) { return u < p; }
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
  [[gnu::always_inline]] static F limit(F a) {
    const F s = side(a);
    const F t = s * s * 0.125f;
    return a < 0.f ? t : 1.f - t;
  }
  [[gnu::always_inline]] static auto under(F u, F p) { return u < p; }
  [[gnu::always_inline]] static F density(F a) { return side(a) * 0.25f; }
  [[gnu::always_inline]] static F score(F a) {
    return ratio<Lanes>(density(a), limit(a));
  }
};

template <class Lanes>
struct Laplace {
  using F = typename Lanes::F;
  [[gnu::always_inline]] static F limit(F a) {
    const F t = decay<Lanes>(a) * 0.5f;
    return a < 0.f ? t : 1.f - t;
  }
  [[gnu::always_inline]] static auto under(F u, F p) { return u < p; }
  [[gnu::always_inline]] static F density(F a) {
    return decay<Lanes>(a) * 0.5f;
  }
  [[gnu::always_inline]] static F score(F a) {
    const F t = decay<Lanes>(a) * 0.5f;
    return a < 0.f ? all<F>(1.f) : t / (1.f - t);
  }
};

}  // namespace
}  // namespace signet::drawing

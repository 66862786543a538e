#pragma once

#include <functional>

namespace signet {

/// What is known of T = |mean - g|^2, the squared distance of a mean of
/// samples from the reference. With b the true bias and C the covariance of
/// mean and reference together, T has mean tr C + |b|^2 and variance
/// 2 tr(C^2) + 4 b'Cb, and is taken for a scaled chi-square variable with these
/// moments.
///
/// Rare states make C uncertain: a state that is expected three times in N
/// samples and was never drawn leaves a variance of 0 and a deviation of three
/// jumps / N. So C counts as if hidden_jumps() more had been seen, each as
/// large as the largest seen, or if that is more, as those which the rare
/// states of the problem are expected to make. Or these are allowed for as the
/// shift that they make when none is drawn, their expected number times their
/// jump, whichever says more.
struct SquaredDistance {
  double seen = 0;           ///< T
  double noise = 0;          ///< tr C, estimated
  double noise_squares = 0;  ///< tr(C^2), estimated
  double along = 0;          ///< b'Cb / |b|^2, estimated
  double jump = 0;           ///< largest |sample - g| / N
  double rare_jump = 0;      ///< of one rare state, / N
  double rare_expected =
      0;  ///< how many of them N samples are expected to draw
};

/// The jumps that a test at `level` allows for: 1.5 ln(1 / level). With as
/// many, (K - lambda)^2 / (K + jumps) of a Poisson number K is above the
/// level's quantile of chi-square(1) with a chance of at most about `level` for
/// every lambda: a test computes it.
double hidden_jumps(double level);

/// A lower bound by another test: `distance_beyond` is how far the mean is from
/// the reference beyond the noise, to which `hidden` is added.
double least_distance(
    const SquaredDistance& distance, double level,
    const std::function<double(double hidden)>& distance_beyond);

/// |b| is below the first with chance at most `level`, above the second too.
double least_bias(const SquaredDistance& distance, double level);
double greatest_bias(const SquaredDistance& distance, double level);
/// The |b| whose least_bias() is above 0 with chance `power`.
double detectable_bias(const SquaredDistance& distance, double level,
                       double power);

}  // namespace signet

#include "signet/models/half_gaussian.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "signet/base/error.h"

namespace signet {
namespace {

struct ErrorAndSlope {
  double error;
  double slope;  ///< in the resolution
};

/// Level k is that of all z between (k - s) r and (k + 1 - s) r, the top one
/// of all above, with s = 1 for ceil and 1/2 for nearest. With P_k and M_k the
/// integrals of f(z) and z f(z) over these,
///   E    = 1 - sum_k (2 r k M_k - (r k)^2 P_k)
///   dE/dr = -2 sum_k (k M_k - r k^2 P_k)
///           + (1 - 2 s) r^2 sum_k (k - s) f((k - s) r),
/// the last one because the borders move.
ErrorAndSlope error_and_slope(double r, int64_t bits, Rounding rounding) {
  const auto probability_below = [](double z) {
    return std::erf(z / std::numbers::sqrt2);
  };
  const auto density = [](double z) {
    return std::exp(-z * z / 2) * std::sqrt(2 / std::numbers::pi);
  };
  const int64_t top = (int64_t{1} << bits) - 1;
  const double s = rounding == Rounding::ceil ? 1 : 0.5;
  ErrorAndSlope sum{1, 0};
  for (int64_t level = 1; level <= top; ++level) {
    const auto k = static_cast<double>(level);
    const double begin = (k - s) * r;
    const double end =
        level < top ? (k + 1 - s) * r : std::numeric_limits<double>::infinity();
    const double p = probability_below(end) - probability_below(begin);
    const double m = density(begin) - density(end);
    sum.error -= 2 * r * k * m - r * k * r * k * p;
    sum.slope += (1 - 2 * s) * r * r * (k - s) * density(begin) -
                 2 * (k * m - r * k * k * p);
  }
  return sum;
}

}  // namespace

double half_gaussian_error(double resolution, int64_t bits, Rounding rounding) {
  return error_and_slope(resolution, bits, rounding).error;
}

double half_gaussian_resolution(int64_t bits, Rounding rounding) {
  check(bits >= 1 && bits <= 8, "half_gaussian_resolution",
        "bits must be in [1, 8], but got " + std::to_string(bits));
  // The highest level lies between 0.1 and 10. There a coarse grid brackets
  // the lowest minimum, and the sign of the slope halves the bracket.
  const double top = std::exp2(static_cast<double>(bits)) - 1;
  constexpr double kStep = 1.1;
  double best = 0.1 / top, least = 1;
  for (double r = best; r < 10 / top; r *= kStep) {
    const double error = half_gaussian_error(r, bits, rounding);
    if (error < least) least = error, best = r;
  }
  double low = best / kStep, high = best * kStep;
  while (high - low > 1e-14 * best) {
    const double middle = (low + high) / 2;
    (error_and_slope(middle, bits, rounding).slope < 0 ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace signet

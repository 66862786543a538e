#include "signet/measure/quantiles.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace signet {
namespace {

/// P(|T| <= t) of Student's t.
double student_within(double t, int64_t degrees) {
  const double theta = std::atan(t / std::sqrt(static_cast<double>(degrees)));
  const double cosine = std::cos(theta);
  const bool odd = degrees % 2 == 1;
  double term = odd ? cosine : 1, sum = degrees > 1 ? term : 0;
  for (int64_t k = odd ? 3 : 2; k <= degrees - 2; k += 2) {
    term *=
        cosine * cosine * static_cast<double>(k - 1) / static_cast<double>(k);
    sum += term;
  }
  sum *= std::sin(theta);
  return odd ? 2 / std::numbers::pi * (theta + sum) : sum;
}

}  // namespace

double normal_quantile(double p) {
  return at::special_ndtri(at::scalar_tensor(p, at::kDouble)).item<double>();
}

double student_quantile(double p, int64_t degrees) {
  if (p < 0.5) return -student_quantile(1 - p, degrees);
  const double within = 2 * p - 1;
  double low = 0, high = 1;
  while (student_within(high, degrees) < within) high *= 2;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (student_within(middle, degrees) < within ? low : high) = middle;
  }
  return (low + high) / 2;
}

double chi_square_quantile(double p, double mean, double variance) {
  return chi_square_at(normal_quantile(p), mean, variance);
}

double chi_square_at(double z, double mean, double variance) {
  if (mean <= 0 || variance <= 0) return std::max(mean, 0.0);
  const double degrees = 2 * mean * mean / variance;
  const double spread = 2 / (9 * degrees);
  const double root = 1 - spread + z * std::sqrt(spread);
  return root <= 0 ? 0 : mean * root * root * root;
}

}  // namespace signet

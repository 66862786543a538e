#include "signet/measure/quantiles.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

namespace signet {

double normal_quantile(double p) {
  return at::special_ndtri(at::scalar_tensor(p, at::kDouble)).item<double>();
}

double chi_square_quantile(double p, double mean, double variance) {
  if (mean <= 0 || variance <= 0) return std::max(mean, 0.0);
  const double degrees = 2 * mean * mean / variance;
  const double spread = 2 / (9 * degrees);
  const double root = 1 - spread + normal_quantile(p) * std::sqrt(spread);
  return root <= 0 ? 0 : mean * root * root * root;
}

}  // namespace signet

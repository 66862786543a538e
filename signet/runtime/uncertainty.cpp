#include "signet/runtime/uncertainty.h"

#include <algorithm>
#include <cmath>

namespace signet::runtime {

double add_softmax(const float* scores, std::int64_t n, double* scratch,
                   double* sums) {
  const double greatest = *std::max_element(scores, scores + n);
  double total = 0, weighted = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    const double above = scores[j] - greatest;
    scratch[j] = std::exp(above);
    total += scratch[j];
    weighted += scratch[j] * above;
  }
  for (std::int64_t j = 0; j < n; ++j) sums[j] += scratch[j] / total;
  // log p = above - log total, averaged over p.
  return std::log(total) - weighted / total;
}

double entropy(const double* p, std::int64_t n) {
  double sum = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    if (p[j] > 0) sum -= p[j] * std::log(p[j]);
  }
  return sum;
}

}  // namespace signet::runtime

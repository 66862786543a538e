#include "signet/experiments/figure_over_runs.h"

#include <cmath>
#include <numeric>

namespace signet {

double FigureOverRuns::mean() const {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(values.size());
}

double FigureOverRuns::standard_error() const {
  const auto n = static_cast<double>(values.size());
  if (n < 2) return 0;
  const double center = mean();
  double squares = 0;
  for (double v : values) squares += (v - center) * (v - center);
  return std::sqrt(squares / (n - 1) / n);
}

}  // namespace signet

#pragma once

#include <vector>

namespace signet {

/// One figure of several runs of a recipe, which differ by their seeds.
struct FigureOverRuns {
  std::vector<double> values;  ///< one a run

  /// NaN if there is no run.
  double mean() const;
  /// Of the mean: sqrt(sum_i (v_i - mean)^2 / (n - 1) / n); 0 for one run.
  double standard_error() const;
};

}  // namespace signet

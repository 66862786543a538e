#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "signet/report/page.h"

namespace signet {

/// The values of a tensor in turn.
std::vector<double> to_vector(const at::Tensor& values);

/// A curve over seeds: the mean of rows[seed][i] at x[i], with a band of one
/// standard error on each side; of one seed, no band.
report::Series curve_over_seeds(const std::string& label,
                                const std::vector<double>& x,
                                const std::vector<std::vector<double>>& rows);

/// "89.42 +- 0.11" with so many digits; of one value without +-.
std::string mean_text(const std::vector<double>& values, int digits = 2);

}  // namespace signet

#pragma once

#include <string>
#include <vector>

#include "signet/experiments/experiment.h"
#include "signet/experiments/papers/single_unit.h"

namespace signet {

/// The moments of an estimator of one unit over its temperature, measured.
struct TemperatureSweep {
  std::vector<double> temperatures;
  /// Of the gradient in p. [seed][temperature]
  std::vector<std::vector<double>> mean = {}, variance = {};

  /// |mean - value|
  std::vector<std::vector<double>> distance(double value) const;
};

/// Cost: `draws` estimates for each seed and temperature.
TemperatureSweep sweep_temperatures(const ExperimentContext& context,
                                    const std::string& estimator,
                                    const SingleUnit& unit,
                                    const std::vector<double>& temperatures,
                                    int64_t draws);

/// fitted_exponent of each row over the first `count` of x, one a seed.
std::vector<double> exponents_of(const std::vector<double>& x,
                                 const std::vector<std::vector<double>>& rows,
                                 size_t count);

/// The first value of each row times `factor`, one a seed.
std::vector<double> first_of(const std::vector<std::vector<double>>& rows,
                             double factor);

/// Markers of the measured values, and the dashed curve that a theory expects
/// of them.
void add_with_theory(report::LineChart& chart, const std::string& label,
                     const std::vector<double>& x,
                     const std::vector<std::vector<double>>& rows,
                     const std::function<double(double x)>& theory);

}  // namespace signet

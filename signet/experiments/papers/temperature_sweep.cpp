#include "signet/experiments/papers/temperature_sweep.h"

#include <cmath>

#include "signet/experiments/papers/charts.h"

namespace signet {

std::vector<std::vector<double>> TemperatureSweep::distance(
    double value) const {
  auto rows = mean;
  for (auto& row : rows)
    for (auto& entry : row) entry = std::abs(entry - value);
  return rows;
}

TemperatureSweep sweep_temperatures(const ExperimentContext& context,
                                    const std::string& estimator,
                                    const SingleUnit& unit,
                                    const std::vector<double>& temperatures,
                                    int64_t draws) {
  TemperatureSweep result{.temperatures = temperatures};
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    result.mean.emplace_back();
    result.variance.emplace_back();
    for (const double t : temperatures) {
      const auto moments = measured_moments(at_temperature(estimator, t), unit,
                                            draws, context.random(seed));
      result.mean.back().push_back(moments.mean);
      result.variance.back().push_back(moments.variance());
    }
  }
  return result;
}

std::vector<double> exponents_of(const std::vector<double>& x,
                                 const std::vector<std::vector<double>>& rows,
                                 size_t count) {
  const auto n = static_cast<std::ptrdiff_t>(count);
  std::vector<double> result;
  for (const auto& row : rows)
    result.push_back(fitted_exponent({x.begin(), x.begin() + n},
                                     {row.begin(), row.begin() + n}));
  return result;
}

std::vector<double> first_of(const std::vector<std::vector<double>>& rows,
                             double factor) {
  std::vector<double> result;
  for (const auto& row : rows) result.push_back(row[0] * factor);
  return result;
}

void add_with_theory(report::LineChart& chart, const std::string& label,
                     const std::vector<double>& x,
                     const std::vector<std::vector<double>>& rows,
                     const std::function<double(double x)>& theory) {
  chart.series.push_back(curve_over_seeds(label, x, rows));
  chart.series.back().line = false;
  report::Series line{.x = x, .dashed = true, .of = label};
  for (const double at : x) line.y.push_back(theory(at));
  chart.series.push_back(line);
}

}  // namespace signet

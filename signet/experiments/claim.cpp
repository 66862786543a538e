#include "signet/experiments/claim.h"

#include <algorithm>
#include <cmath>

#include "signet/base/error.h"
#include "signet/base/number.h"
#include "signet/experiments/figure_over_runs.h"
#include "signet/measure/quantiles.h"

namespace signet {

Statistic computed(double value) {
  return {.value = value, .low = value, .high = value};
}

Statistic mean_over_seeds(const std::vector<double>& values,
                          double confidence) {
  check(!values.empty(), "mean_over_seeds", "there must be a value");
  const FigureOverRuns figure{values};
  const double mean = figure.mean();
  const auto n = static_cast<int64_t>(values.size());
  const double half = n == 1 ? std::numeric_limits<double>::infinity()
                             : student_quantile((1 + confidence) / 2, n - 1) *
                                   figure.standard_error();
  return {.value = mean,
          .low = mean - half,
          .high = mean + half,
          .confidence = confidence,
          .n = n};
}

Statistic paired_difference(const std::vector<double>& a,
                            const std::vector<double>& b, double confidence) {
  check(a.size() == b.size(), "paired_difference",
        "both must have a value a seed");
  std::vector<double> differences;
  for (size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
  return mean_over_seeds(differences, confidence);
}

namespace {

template <class Better>
Statistic end_of(const std::vector<Statistic>& statistics,
                 const Better& better) {
  check(!statistics.empty(), "claim", "there must be a statistic");
  auto end = statistics[0];
  for (const auto& s : statistics) {
    end.value = better(end.value, s.value);
    end.low = better(end.low, s.low);
    end.high = better(end.high, s.high);
    end.confidence = std::min(end.confidence, s.confidence);
    end.n = std::min(end.n, s.n);
  }
  return end;
}

}  // namespace

Statistic least_of(const std::vector<Statistic>& statistics) {
  return end_of(statistics, [](double a, double b) { return std::min(a, b); });
}

Statistic greatest_of(const std::vector<Statistic>& statistics) {
  return end_of(statistics, [](double a, double b) { return std::max(a, b); });
}

double fitted_exponent(const std::vector<double>& x,
                       const std::vector<double>& y) {
  check(x.size() == y.size() && x.size() >= 2, "fitted_exponent",
        "there must be two points and one y an x");
  double mean_x = 0, mean_y = 0;
  const auto n = static_cast<double>(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    check(x[i] > 0 && y[i] > 0, "fitted_exponent",
          "x and y must be positive, but got " + number_text(x[i]) + ", " +
              number_text(y[i]));
    mean_x += std::log(x[i]) / n;
    mean_y += std::log(y[i]) / n;
  }
  double product = 0, square = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double dx = std::log(x[i]) - mean_x;
    product += dx * (std::log(y[i]) - mean_y);
    square += dx * dx;
  }
  check(square > 0, "fitted_exponent", "two x must differ");
  return product / square;
}

std::string finding_text(Finding finding) {
  switch (finding) {
    case Finding::reproduced:
      return "reproduced";
    case Finding::not_reproduced:
      return "not reproduced";
    case Finding::cannot_be_told:
      return "cannot be told at these seeds";
    case Finding::needs_data:
      return "needs data that is not here";
  }
  return "";
}

bool decides(const Claim& claim, const std::string& data_set, Scale scale) {
  return (claim.data.empty() || claim.data == data_set) && scale >= claim.least;
}

Finding judge(const Claim& claim, const Statistic& statistic) {
  check(!std::isnan(statistic.value) && !std::isnan(statistic.low) &&
            !std::isnan(statistic.high),
        "judge", "the statistic of '" + claim.id + "' is not a number");
  const auto& [from, to] = claim.holds;
  if (statistic.low >= from && statistic.high <= to) return Finding::reproduced;
  if (statistic.high < from || statistic.low > to)
    return Finding::not_reproduced;
  return Finding::cannot_be_told;
}

}  // namespace signet

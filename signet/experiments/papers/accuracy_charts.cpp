#include "signet/experiments/papers/accuracy_charts.h"

#include <algorithm>
#include <cmath>

#include "signet/experiments/papers/charts.h"

namespace signet {
namespace {

const EstimatorMeasurement& find(const Measurement& m,
                                 const std::string& label) {
  return *std::find_if(m.estimators.begin(), m.estimators.end(),
                       [&](const auto& e) { return e.label == label; });
}

}  // namespace

const GroupStatistics& layer_of(const Measurement& m, const std::string& label,
                                size_t layer) {
  // groups[0] is the whole.
  return find(m, label).groups[layer + 1];
}

const MeanOfN& mean_of(const GroupStatistics& group, int64_t n) {
  return *std::find_if(group.means.begin(), group.means.end(),
                       [&](const auto& mean) { return mean.n == n; });
}

double squared_bias(const GroupStatistics& group) {
  const double norm = group.gradient_norm;
  return std::pow(mean_of(group, 1).rmse, 2) - group.variance / (norm * norm);
}

report::LineChart rmse_chart(const Measurements& all, size_t stage,
                             size_t layer, const std::string& title,
                             const std::vector<std::string>& labels) {
  report::LineChart chart{.title = title,
                          .x_label = "samples averaged",
                          .y_label = "RMSE / |gradient|",
                          .log_x = true,
                          .log_y = true};
  for (const auto& label : labels) {
    std::vector<double> n;
    std::vector<std::vector<double>> rows;
    for (const auto& stages : all) {
      n.clear();
      auto& row = rows.emplace_back();
      for (const auto& mean : layer_of(stages[stage], label, layer).means) {
        n.push_back(static_cast<double>(mean.n));
        row.push_back(mean.rmse);
      }
    }
    chart.series.push_back(curve_over_seeds(label, n, rows));
  }
  return chart;
}

report::LineChart cosine_chart(const Measurements& all, size_t stage,
                               size_t layer, const std::string& title,
                               const std::vector<std::string>& labels) {
  report::LineChart chart{
      .title = title,
      .x_label = "samples averaged",
      .y_label = "cosine with the gradient",
      .log_x = true,
      .note = "Bands hold 70 % of the estimates, from 15 to 85 %."};
  for (const auto& label : labels) {
    report::Series series{.label = label};
    for (const auto& mean : layer_of(all[0][stage], label, layer).means) {
      double cosine = 0, low = 0, high = 0;
      for (const auto& stages : all) {
        const auto& m = mean_of(layer_of(stages[stage], label, layer), mean.n);
        const double share = 1 / static_cast<double>(all.size());
        cosine += share * m.cosine;
        low += share * m.cosine_low;
        high += share * m.cosine_high;
      }
      series.x.push_back(static_cast<double>(mean.n));
      series.y.push_back(cosine);
      series.low.push_back(low);
      series.high.push_back(high);
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace signet

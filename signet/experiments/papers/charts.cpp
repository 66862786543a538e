#include "signet/experiments/papers/charts.h"

#include "signet/base/number.h"
#include "signet/core/torch.h"
#include "signet/experiments/figure_over_runs.h"

namespace signet {

std::vector<double> to_vector(const at::Tensor& values) {
  const auto flat = values.detach().to(at::kCPU, at::kDouble).contiguous();
  const auto* data = flat.data_ptr<double>();
  return {data, data + flat.numel()};
}

report::Series curve_over_seeds(const std::string& label,
                                const std::vector<double>& x,
                                const std::vector<std::vector<double>>& rows) {
  report::Series series{.label = label, .x = x};
  for (size_t i = 0; i < x.size(); ++i) {
    FigureOverRuns figure;
    for (const auto& row : rows) figure.values.push_back(row[i]);
    const double mean = figure.mean(), error = figure.standard_error();
    series.y.push_back(mean);
    if (rows.size() < 2) continue;
    series.low.push_back(mean - error);
    series.high.push_back(mean + error);
  }
  return series;
}

std::string mean_text(const std::vector<double>& values, int digits) {
  const FigureOverRuns figure{values};
  const auto mean = fixed_text(figure.mean(), digits);
  if (values.size() < 2) return mean;
  return mean + " +- " + fixed_text(figure.standard_error(), digits);
}

}  // namespace signet

#pragma once

#include <string>
#include <vector>

#include "signet/measure/measurement.h"
#include "signet/report/page.h"

namespace signet {

/// measurements[seed][stage]
using Measurements = std::vector<std::vector<Measurement>>;

/// The statistics of an estimator in a layer, 0, 1, ...
const GroupStatistics& layer_of(const Measurement& m, const std::string& label,
                                size_t layer);

/// Those of the mean of n samples.
const MeanOfN& mean_of(const GroupStatistics& group, int64_t n);

/// |bias|^2 / |gradient|^2, (E|g_1 - g|^2 - E|g_1 - E g_1|^2) / |g|^2, without
/// bias itself: below 0 by chance where there is less of it than noise.
double squared_bias(const GroupStatistics& group);

/// The error of means of n samples against n, means over seeds.
report::LineChart rmse_chart(const Measurements& all, size_t stage,
                             size_t layer, const std::string& title,
                             const std::vector<std::string>& labels);

/// The mean of the cosine and its 15-85 % band, each a mean over seeds.
report::LineChart cosine_chart(const Measurements& all, size_t stage,
                               size_t layer, const std::string& title,
                               const std::vector<std::string>& labels);

}  // namespace signet

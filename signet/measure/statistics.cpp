#include "signet/measure/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "signet/core/checks.h"
#include "signet/core/torch.h"
#include "signet/measure/quantiles.h"

namespace signet {
namespace {

constexpr int64_t kBins = 2000;  // of cosines
constexpr int64_t kWindows = 10;
constexpr size_t kBlocks = 16;
constexpr int64_t kLeastForVerdict = 100;  // samples
constexpr double kPower = 0.95;

/// 1 and those asked for; else 1, 2, 5, 10, ... as long as there are ten means
/// of n samples.
std::vector<int64_t> numbers_of_samples(int64_t samples,
                                        const std::vector<int64_t>& asked) {
  std::vector<int64_t> all{1};
  if (!asked.empty()) {
    for (int64_t n : asked) {
      check(n >= 1 && n <= samples, "averages",
            "must be from 1 to the number of samples, " +
                std::to_string(samples) + ", but got " + std::to_string(n));
      all.push_back(n);
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }
  for (int64_t decade = 1; all.back() <= samples; decade *= 10) {
    for (int64_t n : {2 * decade, 5 * decade, 10 * decade}) {
      if (n > samples / 10) return all;
      all.push_back(n);
    }
  }
  return all;
}

/// The cosine that a share of the means stays below.
double quantile(const std::vector<int64_t>& histogram, int64_t count,
                double share) {
  double below = 0;
  const double wanted = share * static_cast<double>(count);
  for (int64_t bin = 0; bin < kBins; ++bin) {
    const auto here = static_cast<double>(histogram[bin]);
    if (here > 0 && below + here >= wanted) {
      const double within = (wanted - below) / here;
      return -1 + 2 * (static_cast<double>(bin) + within) / kBins;
    }
    below += here;
  }
  return 1;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::unbiased:
      return "unbiased";
    case Verdict::biased:
      return "biased";
    case Verdict::not_enough_samples:
      return "not enough samples";
  }
  return "";
}

GradientStatistics::GradientStatistics(
    const std::vector<ParameterRange>& ranges, const Reference& reference,
    int64_t samples, const std::vector<int64_t>& averages)
    : ranges_(ranges), reference_(reference), expected_(samples) {
  const auto size = static_cast<size_t>(ranges_[0].count);
  check(reference.gradient.size() == size && reference.error.size() == size,
        "GradientStatistics",
        "the reference must have " + std::to_string(size) +
            " coordinates, but has " +
            std::to_string(reference.gradient.size()));
  for (auto* row : {&sum_, &squares_, &previous_, &difference_,
                    &last_difference_, &direction_, &block_start_}) {
    row->assign(size, 0);
  }
  sums_.resize(ranges_.size());
  for (int64_t n : numbers_of_samples(samples, averages)) {
    Level level{.n = n, .every = 1};
    level.sum.assign(size, 0);
    level.ranges.resize(ranges_.size());
    for (auto& range : level.ranges) range.cosines.assign(kBins, 0);
    // 2 and 5 are sums of ones, 10 of fives; so in every decade.
    for (size_t below = levels_.size(); below-- > 0;) {
      const int64_t times = n / levels_[below].n;
      if (times * levels_[below].n == n) {
        level.every = times;
        levels_[below].above.push_back(levels_.size());
        break;
      }
    }
    levels_.push_back(std::move(level));
  }
}

void GradientStatistics::add(const Tensor& rows) {
  check(rows.dim() == 2 && rows.size(1) == ranges_[0].count &&
            rows.scalar_type() == torch::kDouble && rows.is_cpu(),
        "GradientStatistics",
        "rows must be [R, " + std::to_string(ranges_[0].count) +
            "], double, on the CPU, but got " + shape_text(rows.sizes()));
  const auto all = rows.contiguous();
  const double* values = all.data_ptr<double>();
  for (int64_t r = 0; r < all.size(0); ++r) add_one(values + r * all.size(1));
}

void GradientStatistics::add_one(const double* sample) {
  const size_t size = sum_.size();
  for (size_t j = 0; j < size; ++j) {
    const double d = sample[j] - reference_.gradient[j];
    sum_[j] += d;
    squares_[j] += d * d;
  }
  if (count_ % 2 == 0) {
    std::copy(sample, sample + size, previous_.begin());
  } else {
    for (size_t j = 0; j < size; ++j) difference_[j] = sample[j] - previous_[j];
    if (count_ > 1) add_pair_product();
    std::swap(difference_, last_difference_);
  }
  ++count_;
  if (looking_) add_projection(sample);
  if (block_size() > 1 && count_ % block_size() == 0) end_block();
  // The second half of the samples, which the first half shows the way.
  const int64_t window = std::max<int64_t>(expected_ / (2 * kWindows), 2);
  if (count_ >= expected_ / 2 && (count_ - expected_ / 2) % window == 0)
    begin_window();
  add_to_level(0, sample);
}

void GradientStatistics::add_pair_product() {
  ++products_;
  double whole = 0;
  for (size_t i = 1; i < ranges_.size(); ++i) {
    const auto [name, first, count] = ranges_[i];
    double product = 0;
    for (int64_t j = first; j < first + count; ++j)
      product += difference_[j] * last_difference_[j];
    whole += product;
    sums_[i].product_squares += product * product;
  }
  sums_[0].product_squares += whole * whole;
}

int64_t GradientStatistics::block_size() const {
  return expected_ / static_cast<int64_t>(kBlocks);
}

void GradientStatistics::end_block() {
  if (blocks_.size() == kBlocks) return;
  const auto size = static_cast<double>(block_size());
  auto& mean = blocks_.emplace_back(sum_.size());
  for (size_t j = 0; j < mean.size(); ++j)
    mean[j] = (sum_[j] - block_start_[j]) / size;
  block_start_ = sum_;
}

/// Ends a window, if there is one, and looks along the mean's deviation d from
/// now on. The variance of d'x is d'Cd, on average b'Cb + tr(C^2) / count.
void GradientStatistics::begin_window() {
  if (looking_) {
    ++windows_;
    const auto n = static_cast<double>(window_);
    for (auto& sums : sums_) {
      sums.variance_along +=
          (sums.projection_squares - sums.projection * sums.projection / n) /
          (n - 1);
      sums.projection = sums.projection_squares = 0;
    }
    noise_in_directions_ += 1 / static_cast<double>(looked_from_);
  }
  looking_ = true;
  looked_from_ = count_;
  window_ = 0;
  for (size_t j = 0; j < direction_.size(); ++j)
    direction_[j] = sum_[j] / static_cast<double>(count_);
}

void GradientStatistics::add_projection(const double* sample) {
  ++window_;
  double whole = 0;
  const auto keep = [](RangeSums& sums, double projection) {
    sums.projection += projection;
    sums.projection_squares += projection * projection;
  };
  for (size_t i = 1; i < ranges_.size(); ++i) {
    const auto [name, first, count] = ranges_[i];
    double projection = 0;
    for (int64_t j = first; j < first + count; ++j)
      projection += direction_[j] * (sample[j] - reference_.gradient[j]);
    keep(sums_[i], projection);
    whole += projection;
  }
  keep(sums_[0], whole);
}

void GradientStatistics::add_to_level(size_t index, const double* sum) {
  auto& level = levels_[index];
  for (size_t j = 0; j < level.sum.size(); ++j) level.sum[j] += sum[j];
  if (++level.filled < level.every) return;
  add_mean(level);
  for (size_t above : level.above) add_to_level(above, level.sum.data());
  std::fill(level.sum.begin(), level.sum.end(), 0);
  level.filled = 0;
}

void GradientStatistics::add_mean(Level& level) {
  const double scale = 1 / static_cast<double>(level.n);
  double whole[4] = {};
  const auto keep = [](MeansOfRange& range, const double(&sums)[4]) {
    const auto [error, product, norm, reference] = sums;
    const double length = std::sqrt(norm * reference);
    const double cosine =
        length > 0 ? std::clamp(product / length, -1.0, 1.0) : 0;
    ++range.count;
    range.error += error;
    range.error_squares += error * error;
    range.largest = std::max(range.largest, error);
    range.cosine += cosine;
    const auto bin = static_cast<int64_t>((cosine + 1) / 2 * kBins);
    ++range.cosines[std::min(bin, kBins - 1)];
  };
  for (size_t i = 1; i < ranges_.size(); ++i) {
    double error = 0, product = 0, norm = 0, reference = 0;
    const auto [name, first, count] = ranges_[i];
    for (int64_t j = first; j < first + count; ++j) {
      const double mean = level.sum[j] * scale, g = reference_.gradient[j];
      error += (mean - g) * (mean - g);
      product += mean * g;
      norm += mean * mean;
      reference += g * g;
    }
    const double sums[4] = {error, product, norm, reference};
    for (int k = 0; k < 4; ++k) whole[k] += sums[k];
    keep(level.ranges[i], sums);
  }
  keep(level.ranges[0], whole);
}

std::vector<GroupStatistics> GradientStatistics::result(
    const Confidence& confidence, const KnownOfEstimator& known) const {
  check(count_ > 0, "GradientStatistics", "there must be samples");
  std::vector<GroupStatistics> all;
  for (size_t i = 0; i < ranges_.size(); ++i)
    all.push_back(group(i, confidence, known));
  // The whole is biased where a part is.
  auto& whole = all[0];
  for (size_t i = 1; i < all.size(); ++i)
    whole.bias_low = std::max(whole.bias_low, all[i].bias_low);
  if (all.size() == 2) all[1].bias_low = whole.bias_low;
  for (auto& part : all) {
    part.bias_high = std::max(part.bias_high, part.bias_low);
    part.bias = std::clamp(part.bias, part.bias_low, part.bias_high);
    if (part.bias_low > 0) {
      part.verdict = Verdict::biased;
    } else if ((count_ >= kLeastForVerdict || known.deterministic) &&
               part.bias_high <= confidence.tolerance * part.gradient_norm) {
      part.verdict = Verdict::unbiased;
    }
  }
  return all;
}

/// Of one sample. Centring takes a part of 1 / blocks from every block.
double GradientStatistics::trace_of_square(size_t index) const {
  const auto [name, first, count] = ranges_[index];
  const double by_pairs = products_ > 0 ? sums_[index].product_squares /
                                              static_cast<double>(products_) / 4
                                        : 0;
  if (blocks_.size() < kBlocks) return by_pairs;
  std::vector<double> middle(static_cast<size_t>(count));
  for (const auto& block : blocks_) {
    for (int64_t j = 0; j < count; ++j) middle[j] += block[first + j] / kBlocks;
  }
  double squares = 0;
  for (size_t a = 0; a < kBlocks; ++a) {
    for (size_t b = 0; b < a; ++b) {
      double product = 0;
      for (int64_t j = 0; j < count; ++j)
        product += (blocks_[a][first + j] - middle[j]) *
                   (blocks_[b][first + j] - middle[j]);
      squares += product * product;
    }
  }
  const auto size = static_cast<double>(block_size());
  return std::max(by_pairs,
                  squares * size * size * 2 / (kBlocks * (kBlocks - 1)));
}

SquaredDistance GradientStatistics::distance(
    size_t index, GroupStatistics& result,
    const KnownOfEstimator& known) const {
  const auto& [name, first, size] = ranges_[index];
  const auto n = static_cast<double>(count_);
  double gradient = 0, uncertain = 0;
  SquaredDistance d;
  for (int64_t j = first; j < first + size; ++j) {
    gradient += std::pow(reference_.gradient[j], 2);
    uncertain += std::pow(reference_.error[j], 2);
    d.seen += std::pow(sum_[j] / n, 2);
    result.variance += variance(j);
  }
  result.variance_per_parameter =
      result.variance / static_cast<double>(std::max<int64_t>(size, 1));
  const bool exact = reference_.samples == 0;
  // An exact reference's error is rounding, which says nothing of its norm.
  result.gradient_norm =
      std::sqrt(std::max(0.0, gradient - (exact ? 0 : uncertain)));
  result.gradient_norm_error = exact ? 0 : std::sqrt(uncertain);

  d.noise = result.variance / n + uncertain;
  const double trace =
      std::min(trace_of_square(index), result.variance * result.variance);
  d.noise_squares = std::pow(std::sqrt(trace) / n + uncertain, 2);
  // C's variance along the bias, at least its mean over C's own directions and
  // at most what the greatest of them can have.
  const double explained = d.seen - d.noise;
  double along = result.variance > 0 ? trace / result.variance : 0;
  if (explained > 0 && windows_ > 0) {
    const auto windows = static_cast<double>(windows_);
    const double product = sums_[index].variance_along / windows -
                           trace * noise_in_directions_ / windows;
    along = std::max(along, std::min(product / explained, std::sqrt(trace)));
  }
  d.along = along / n + uncertain;
  if (!known.deterministic) {
    d.jump = std::sqrt(levels_[0].ranges[index].largest) / n;
    if (!reference_.largest.empty())
      d.jump = std::max(d.jump, reference_.largest[index] / n);
    if (!known.rare.jump.empty()) {
      d.rare_jump = known.rare.jump[index] / n;
      d.rare_expected = known.rare.expected;
    }
  }
  return d;
}

double GradientStatistics::least_by_coordinates(const ParameterRange& range,
                                                const SquaredDistance& distance,
                                                double level,
                                                GroupStatistics& result) const {
  const auto n = static_cast<double>(count_);
  result.threshold_z = normal_quantile(1 - level / 2);
  return least_distance(distance, level, [&](double hidden) {
    double least = 0, largest = 0;
    for (int64_t j = range.first; j < range.first + range.count; ++j) {
      const double d = std::max(0.0, std::abs(sum_[j] / n) - result.rounding);
      const double error = std::sqrt(variance(j) / n +
                                     std::pow(reference_.error[j], 2) + hidden);
      if (d > 0) largest = std::max(largest, d / error);
      least = std::max(least, d - result.threshold_z * error);
    }
    if (result.largest_z == 0) result.largest_z = largest;
    return least;
  });
}

GroupStatistics GradientStatistics::group(size_t index,
                                          const Confidence& confidence,
                                          const KnownOfEstimator& known) const {
  const auto& range = ranges_[index];
  GroupStatistics result{.name = range.name, .parameters = range.count};
  const auto d = distance(index, result, known);
  if (!known.rounding.empty()) result.rounding = known.rounding[index];
  const double alpha = confidence.alpha;
  const double norm_level =
      index == 0 ? alpha / 2
                 : alpha / 8 / static_cast<double>(ranges_.size() - 1);
  const double coordinate_level =
      alpha / 8 / static_cast<double>(std::max<int64_t>(ranges_[0].count, 1));
  const double by_coordinates =
      least_by_coordinates(range, d, coordinate_level, result);
  result.bias = std::sqrt(std::max(0.0, d.seen - d.noise));
  // Too few samples have no law at all.
  if (count_ >= kLeastForVerdict || known.deterministic) {
    result.bias_low = std::max(
        {0.0, least_bias(d, norm_level) - result.rounding, by_coordinates});
  }
  result.bias_high = greatest_bias(d, alpha / 4) + result.rounding;
  result.detectable_bias =
      detectable_bias(d, norm_level, kPower) + result.rounding;
  add_means(index, known.deterministic, result);
  return result;
}

void GradientStatistics::add_means(size_t index, bool deterministic,
                                   GroupStatistics& result) const {
  const double uncertain = result.gradient_norm_error;
  for (const auto& level : levels_) {
    // All means of a deterministic estimator are its one sample.
    const auto& range = (deterministic ? levels_[0] : level).ranges[index];
    if (range.count == 0) continue;
    const auto count = static_cast<double>(range.count);
    const double square = range.error / count;
    const double spread =
        count > 1 ? std::sqrt(std::max(0.0, range.error_squares / count -
                                                square * square) /
                              (count - 1))
                  : 0;
    const double error =
        std::sqrt(std::max(0.0, square - uncertain * uncertain));
    result.means.push_back(
        {.n = level.n,
         .means = range.count,
         .rmse = result.relative(error),
         .rmse_error = error > 0 ? result.relative(spread / (2 * error)) : 0,
         .cosine = range.cosine / count,
         .cosine_low = quantile(range.cosines, range.count, 0.15),
         .cosine_high = quantile(range.cosines, range.count, 0.85)});
  }
}

double GradientStatistics::variance(int64_t j) const {
  if (count_ < 2) return 0;
  const auto n = static_cast<double>(count_);
  const double d = sum_[j] / n;
  return std::max(0.0, (squares_[j] - n * d * d) / (n - 1));
}

Reference GradientStatistics::as_reference(std::string name) const {
  Reference mean{.name = std::move(name), .samples = count_};
  const auto n = static_cast<double>(count_);
  for (size_t j = 0; j < sum_.size(); ++j) {
    mean.gradient.push_back(reference_.gradient[j] + sum_[j] / n);
    mean.error.push_back(std::sqrt(variance(static_cast<int64_t>(j)) / n));
  }
  for (const auto& range : levels_[0].ranges)
    mean.largest.push_back(std::sqrt(range.largest));
  return mean;
}

}  // namespace signet

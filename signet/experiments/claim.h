#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "signet/experiments/scale.h"

namespace signet {

/// A measured number with its confidence interval.
struct Statistic {
  double value = 0;
  double low = 0, high = 0;  ///< may be infinite
  double confidence = 1;     ///< of the interval; 1: computed, not sampled
  int64_t n = 1;             ///< independent values behind it: seeds, samples
};

/// A number without chance in it: its interval is itself.
Statistic computed(double value);

/// The mean of independent values with Student's interval,
///   mean +- t_{n-1} sqrt(sum_i (v_i - mean)^2 / (n - 1) / n).
/// One value has an infinite interval: it says nothing of its own spread.
/// Errors: UsageError if there is none.
Statistic mean_over_seeds(const std::vector<double>& values,
                          double confidence = 0.95);

/// a_s - b_s, paired by seed.
Statistic paired_difference(const std::vector<double>& a,
                            const std::vector<double>& b,
                            double confidence = 0.95);

/// The least of several statistics, for what is claimed of each of them, or
/// the greatest: ends of the interval are the least, or greatest, ends.
Statistic least_of(const std::vector<Statistic>& statistics);
Statistic greatest_of(const std::vector<Statistic>& statistics);

/// The exponent k of y = c x^k by least squares of log y on log x.
/// Errors: UsageError unless there are two different x and all are positive.
double fitted_exponent(const std::vector<double>& x,
                       const std::vector<double>& y);

/// Where a statistic must lie for a claim to hold: [from, to].
struct Region {
  double from = -std::numeric_limits<double>::infinity();
  double to = std::numeric_limits<double>::infinity();
};

enum class Finding { reproduced, not_reproduced, cannot_be_told, needs_data };

/// "reproduced", "not reproduced", "cannot be told at these seeds", "needs
/// data that is not here"
std::string finding_text(Finding finding);

/// A sentence of a source that can turn out true or false here.
struct Claim {
  std::string id;        ///< within its experiment: "st-beats-reinforce"
  std::string sentence;  ///< in our words
  std::string where;     ///< in the source: "experiment 4", "proposition 5"
  std::string measured;  ///< what the statistic is, with its unit
  Region holds;
  /// The data set that the source's own numbers are of ("mnist"); empty: any.
  std::string data = {};
  /// A smaller run does not decide it.
  Scale least = Scale::quick;
};

/// Whether a run of that scale on that data set decides the claim.
bool decides(const Claim& claim, const std::string& data_set, Scale scale);

/// The one rule behind every verdict: reproduced if the whole interval lies in
/// claim.holds, not reproduced if none of it does, else it cannot be told. An
/// interval of one point that touches the border is inside.
/// Errors: UsageError for a statistic that is NaN.
Finding judge(const Claim& claim, const Statistic& statistic);

}  // namespace signet

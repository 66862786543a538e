#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "signet/measure/bias_interval.h"
#include "signet/measure/problem.h"
#include "signet/measure/rare_states.h"

namespace signet {

/// What an estimator is compared with: the gradient of the expected loss, or
/// the mean of a long run of an unbiased estimator.
struct Reference {
  std::string name =
      "";               ///< "exact-layered", "rloo(samples=4), 1000000 samples"
  int64_t samples = 0;  ///< 0: exact
  std::vector<double> gradient = {};
  /// Standard error of each coordinate; where exact, its rounding.
  std::vector<double> error = {};
  /// Where sampled, the largest sample of each range of parameters: it knows
  /// of states that fewer samples do not draw.
  std::vector<double> largest = {};
  double loss = 0;        ///< the expected loss
  double loss_error = 0;  ///< its standard error; 0: exact
};

/// How sure a statement has to be.
struct Confidence {
  /// The chance that an unbiased estimator is called biased, all its
  /// coordinates together; intervals hold with 1 - alpha.
  double alpha = 0.01;
  /// "unbiased": the upper end of the interval of |bias| / |gradient| is
  /// below this.
  double tolerance = 0.01;
};

/// biased: the interval of |bias| begins above 0. unbiased: it begins at 0 and
/// ends below the tolerance. Else there are not enough samples.
enum class Verdict { unbiased, biased, not_enough_samples };
std::string_view name_of(Verdict verdict);

/// What is known of an estimator besides its samples.
struct KnownOfEstimator {
  bool deterministic = false;  ///< every further sample would be the same
  /// |rounding of the mean| of each range, at most; empty: none.
  std::vector<double> rounding = {};
  RareStates rare = {};  ///< of as many samples
};

/// How good the mean of n samples is.
struct MeanOfN {
  int64_t n = 1;
  int64_t means = 0;      ///< means of n that were seen, without overlap
  double rmse = 0;        ///< sqrt(E|g_n - g|^2) / |g|
  double rmse_error = 0;  ///< its standard error
  double cosine = 0;      ///< mean of cos(g_n, g)
  double cosine_low = 0, cosine_high = 0;  ///< 15 and 85 percent
};

/// What N samples say of an estimator in one group of parameters. Norms are
/// Euclidean, over the coordinates of the group.
struct GroupStatistics {
  std::string name;
  int64_t parameters = 0;
  double gradient_norm = 0;        ///< |g| of the reference, its noise removed
  double gradient_norm_error = 0;  ///< 0: exact
  /// sqrt(|mean - g|^2 - tr V / N - ...), what the noise does not explain.
  double bias = 0;
  double bias_low = 0, bias_high = 0;
  /// A bias of this size would have been called one in 95 of 100 measurements.
  double detectable_bias = 0;
  double rounding = 0;     ///< what rounding can add to |mean - g|
  double largest_z = 0;    ///< of the mean's coordinates, rounding taken off
  double threshold_z = 0;  ///< above it: biased
  Verdict verdict = Verdict::not_enough_samples;
  double variance = 0;  ///< trace: E|g_1 - E g_1|^2
  double variance_per_parameter = 0;
  std::vector<MeanOfN> means = {};  ///< n = 1, 2, 5, 10, 20, 50, ...

  double relative(double norm) const { return norm / gradient_norm; }
};

/// Takes samples of gradients one after the other and keeps sums alone:
/// memory O(parameters * log(samples)), everything in double.
class GradientStatistics {
 public:
  /// `samples`: how many are to come. `averages`: the n of the means, besides
  /// 1; empty: 2, 5, 10, ... up to a tenth of the samples.
  /// Errors: UsageError if one of them is below 1 or above `samples`.
  GradientStatistics(const std::vector<ParameterRange>& ranges,
                     const Reference& reference, int64_t samples,
                     const std::vector<int64_t>& averages = {});

  /// Rows [R, parameters], double, on the CPU.
  void add(const Tensor& rows);

  int64_t samples() const { return count_; }

  /// The interval of |bias| holds with 1 - alpha. Its lower end is the greatest
  /// of bounds that together fail with 3/4 alpha, in all groups at once: from
  /// the norm of all parameters (alpha / 2), of each group, and of each
  /// coordinate (alpha / 8 each, shared out by Bonferroni). Each allows for
  /// rare states, bias_interval.h. A sample's largest jump is looked for in the
  /// whole group: one coordinate sees too little to know its own. tr(C^2) is
  /// the greater of two estimates, from products of differences of disjoint
  /// pairs of samples and from products of means of 16 windows, which see that
  /// two samples far apart share a rare state; b'Cb is from the variance along
  /// the bias as the samples before have shown it. Below 100 samples nothing is
  /// called biased.
  std::vector<GroupStatistics> result(const Confidence& confidence,
                                      const KnownOfEstimator& known) const;

  /// What is known of the mean of all samples, as a reference for others.
  Reference as_reference(std::string name) const;

 private:
  /// What the means of n samples say of one range of parameters.
  struct MeansOfRange {
    int64_t count = 0;
    double error = 0, error_squares = 0;  ///< sums of |g_n - g|^2
    double largest = 0;                   ///< |g_n - g|^2
    double cosine = 0;
    std::vector<int64_t> cosines;  ///< histogram over [-1, 1]
  };
  /// Means of n samples, each summed from means of a lower level.
  struct Level {
    int64_t n = 1,
            every = 1;  ///< every: means of the level below in one of this
    int64_t filled = 0;
    std::vector<double> sum = {};
    std::vector<size_t> above = {};  ///< levels that sum this one's
    std::vector<MeansOfRange> ranges = {};
  };
  /// What is known of one range besides.
  struct RangeSums {
    double product_squares = 0;  ///< of differences of neighbouring pairs
    double projection = 0, projection_squares = 0;  ///< of this window
    double variance_along = 0;                      ///< of all windows
  };

  void add_one(const double* sample);
  double variance(int64_t coordinate) const;  ///< of one sample
  void add_to_level(size_t level, const double* sum);
  void add_mean(Level& level);
  void add_pair_product();
  void begin_window();
  void add_projection(const double* sample);
  int64_t block_size() const;
  void end_block();
  double trace_of_square(size_t range) const;
  SquaredDistance distance(size_t range, GroupStatistics& result,
                           const KnownOfEstimator& known) const;
  double least_by_coordinates(const ParameterRange& range,
                              const SquaredDistance& distance, double level,
                              GroupStatistics& result) const;
  GroupStatistics group(size_t range, const Confidence& confidence,
                        const KnownOfEstimator& known) const;
  void add_means(size_t range, bool deterministic,
                 GroupStatistics& result) const;

  std::vector<ParameterRange> ranges_;
  Reference reference_;
  int64_t expected_, count_ = 0, products_ = 0;
  bool looking_ = false;
  int64_t looked_from_ = 0, window_ = 0;  ///< samples before, and in, a window
  int64_t windows_ = 0;                   ///< that are complete
  double noise_in_directions_ = 0;
  std::vector<double> sum_, squares_;                 ///< of sample - reference
  std::vector<double> previous_;                      ///< the first of a pair
  std::vector<double> difference_, last_difference_;  ///< of pairs
  std::vector<double> direction_;    ///< the bias that this window looks along
  std::vector<double> block_start_;  ///< sum_ where this block began
  std::vector<std::vector<double>> blocks_;  ///< means of equal blocks
  std::vector<Level> levels_;
  std::vector<RangeSums> sums_;
};

}  // namespace signet

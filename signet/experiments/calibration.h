#pragma once

#include <array>
#include <cstdint>

namespace signet {

/// How far the confidence of a classifier is from how often it is right: the
/// expected calibration error
///   ECE = sum_m |B_m| / n  |accuracy(B_m) - confidence(B_m)|,
/// B_m the predictions whose confidence, the probability of the predicted
/// class, lies in ((m - 1) / 15, m / 15], m = 1 .. 15.
/// Source: Guo, Pleiss, Sun, Weinberger 2017, arXiv:1706.04599.
class Calibration {
 public:
  static constexpr int64_t kBins = 15;

  /// One prediction, of a confidence in [0, 1].
  void add(double confidence, bool correct);

  /// In [0, 1]; 0 if there are no predictions.
  double error() const;

 private:
  struct Bin {
    int64_t correct = 0;
    double confidence = 0;  ///< summed
  };
  std::array<Bin, kBins> bins_;
  int64_t count_ = 0;
};

}  // namespace signet

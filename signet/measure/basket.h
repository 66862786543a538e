#pragma once

#include "signet/core/estimator.h"
#include "signet/measure/problem.h"

namespace signet {

/// Running first and second moments of every coordinate of a gradient,
///   m <- decay m + (1 - decay) g,  s <- decay s + (1 - decay) g^2,
/// each divided by 1 - decay^t. Their s - m^2 is the variance that the field
/// plots along training ("gradient variance"): that of a batch's mean
/// gradient, in which the gradient's own change along the way counts too.
/// Source: Tucker et al. 2017 (REBAR); Grathwohl et al. 2018 (RELAX).
class MovingVariance {
 public:
  explicit MovingVariance(double decay = 0.999) : decay_(decay) {}

  /// gradient [P], double.
  void add(const Tensor& gradient);
  /// Mean over the coordinates of s - m^2, each not below 0.
  double value() const;

 private:
  double decay_, weight_ = 0;  ///< 1 - decay^t
  Tensor first_, second_;
};

struct BasketOptions {
  int64_t steps = 1000;
  int64_t batch = 0;  ///< examples of a step; 0: all
  double rate = 0.01;
  std::string optimizer = "adam";  ///< or sgd
  double decay = 0.999;            ///< of the moving moments
  Random random{1};
};

/// One estimator along the way.
struct BasketCurve {
  std::string label;      ///< as the user spelled it
  std::string estimator;  ///< with every parameter
  /// Gradient variance (EMA, batch mean) at each of Basket::steps.
  std::vector<double> variance;
};

struct Basket {
  std::vector<int64_t> steps;  ///< those that are kept, about 200
  std::vector<BasketCurve> curves;
  Problem end;  ///< the problem at the last parameters
};

/// Several estimators measured along one training: the first drives it, and at
/// each step every one estimates the gradient of the same batch at the same
/// parameters, once. Estimators that learn go on learning.
/// Errors: UsageError for an unknown optimizer or estimator.
Basket run_basket(const Problem& problem,
                  const std::vector<std::string>& estimators,
                  const BasketOptions& options,
                  const std::function<void(int64_t step)>& progress = {});

}  // namespace signet

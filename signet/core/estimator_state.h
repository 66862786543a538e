#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <string>

namespace signet {

/// What an estimator learns as it is used: running baselines, the parameters
/// of control variates. One state belongs to one training run. It never
/// follows the current sample: what is learned from a sample is used from the
/// next one on, so learning leaves an unbiased estimator unbiased.
class EstimatorState {
 public:
  /// False: nothing is learned, as when an estimator is measured at a fixed
  /// point.
  bool learning = true;

  /// The tensor of that name; `make` gives its first value.
  at::Tensor& tensor(const std::string& name,
                     const std::function<at::Tensor()>& make);

  /// One step of Adam (beta 0.9, 0.999) on the tensor of that name, with
  /// moments kept beside it. Does nothing unless learning.
  void descend(const std::string& name, const at::Tensor& gradient,
               double rate);

  /// Everything by name, for checkpoints.
  std::map<std::string, at::Tensor> tensors;
};

}  // namespace signet

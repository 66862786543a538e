#pragma once

#include <map>
#include <string>
#include <vector>

#include "signet/base/arguments.h"
#include "signet/core/estimator_state.h"
#include "signet/core/sampler.h"

namespace signet {

/// Tensors of an EstimatorState that one step learns together, by the gradient
/// of an objective such as the second moment of the estimate.
class LearnedTensors {
 public:
  /// Names begin with `prefix`. A rate of 0 keeps all as they are.
  LearnedTensors(EstimatorState& state, std::string prefix, double rate)
      : state_(state), prefix_(std::move(prefix)), rate_(rate) {}

  bool learning() const { return state_.learning && rate_ > 0; }

  /// The tensor of that name, a leaf that requires a gradient while learning;
  /// `make` gives its first value.
  Tensor operator()(const std::string& name,
                    const std::function<Tensor()>& make);
  /// The same for one number, of the type and device of `like`.
  Tensor number(const std::string& name, double first, const Tensor& like);

  /// Steps every tensor asked for, unless not learning. A gradient that
  /// overflowed teaches nothing.
  void descend(const Tensor& objective);

 private:
  EstimatorState& state_;
  std::string prefix_;
  double rate_;
  std::map<std::string, Tensor> leaves_;
};

/// A network of one hidden layer of LeakyReLU(0.3), on the last axis of
/// `input`. Its first weights are the same in every run; the second ones start
/// at zero, and so does its output.
/// Shapes: input [..., m], result [..., outputs].
Tensor small_network(LearnedTensors& learned, const std::string& name,
                     const Tensor& input, int64_t hidden, int64_t outputs);

/// sum g^2 over the units of all layers, averaged over the examples: its
/// gradient in what leaves the mean alone is that of the variance.
/// Shapes: gradients [E, n...]; `loss` [E]; result [].
Tensor second_moment(const std::vector<Tensor>& gradients, const Tensor& loss);

/// "layer3.": the prefix of what is learned for a layer.
std::string layer_prefix(size_t l);

/// The parameter `rate` of estimators that learn a control variate.
Parameter rate_parameter();

}  // namespace signet

#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "signet/models/layer.h"
#include "signet/models/network_spec.h"

namespace signet {

/// The LibTorch module of a NetworkSpec. Child i is layer i, so parameters
/// read "0.latent", "1.running_mean".
class Network : public torch::nn::Module {
 public:
  /// Initial weights come from `random`, one site a layer.
  /// Errors: UsageError where shapes do not meet, before anything is
  /// allocated.
  Network(NetworkSpec spec, const Random& random);

  /// Called after layer i with its output; in evaluation without the bias that
  /// a batch norm takes (WeightedLayer::leave_bias).
  using Observer = std::function<void(size_t i, const Tensor& output)>;

  /// Logits of the classes.
  /// Shapes: x [B, inputs], floating, a map's pixels in the order of data
  /// sets, [channels, height, width]; result [B, classes], or [K, B, classes]
  /// when the sampler draws K samples.
  Tensor forward(const Tensor& x, Sampler& sampler,
                 const Observer& observe = {});

  /// Computes with these tensors from now on in place of its own parameters,
  /// which stay what parameters() gives: one for each, in that order, of its
  /// shape, or all with an axis of R replicates in front. The result then is
  /// [R, B, classes] or [K, R, B, classes]. Replicates and batch norm go
  /// together in evaluation only.
  void compute_with(const std::vector<Tensor>& parameters);

  /// The type of products while training: float, or bfloat16, in which signs
  /// and pixels are exact; sums are made in float and then rounded to 8 bits,
  /// as gradients are. Evaluation
  /// computes in the type of the parameters. Units, batch norm and losses see
  /// at least float.
  /// Errors: UsageError for another type.
  void set_precision(at::ScalarType type);

  /// Runs the mode of the network, in evaluation, on each batch and gives every
  /// batch norm the mode's own mean and variance, the mean over the batches.
  /// Shapes: each [B, inputs] as forward() takes it, B > 1. A network that
  /// draws nothing keeps the running ones: it is its mode.
  void fit_mode_statistics(const std::vector<Tensor>& batches);

  /// What dropout draws from; set it anew for every training step.
  void set_dropout_random(const Random& random) { dropout_random_ = random; }

  const NetworkSpec& spec() const { return spec_; }
  Layer& layer(size_t i) { return *layers_[i]; }
  const Layer& layer(size_t i) const { return *layers_[i]; }

 private:
  /// What the layers compute with, in the order of parameters().
  std::vector<Tensor*> handles();

  NetworkSpec spec_;
  Random dropout_random_;
  at::ScalarType precision_ = at::ScalarType::Float;
  std::vector<std::shared_ptr<Layer>> layers_;  ///< one a layer
};

}  // namespace signet

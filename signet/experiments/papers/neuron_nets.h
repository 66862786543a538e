#pragma once

#include <functional>
#include <string>
#include <vector>

#include "signet/experiments/evaluation.h"
#include "signet/experiments/experiment.h"

// The nets and the training loop of R2RT 2016, "Binary Stochastic Neurons in
// TensorFlow". What its code does and its text does not say is done here too.

namespace signet {

/// The parts of the TensorFlow tutorials: the first 5000 training images are
/// the validation images.
struct R2rtData {
  Examples train, validation, test;
};
R2rtData r2rt_data(const ExperimentContext& context);

/// Pixels in [0, 1], as the nets take them.
Tensor pixels(const Tensor& images);

/// Batches of 50 with pixels in [0, 1], in a new order each time that all
/// examples were seen. The examples must outlive it.
class NeuronBatches {
 public:
  NeuronBatches(const Examples& examples, const Random& random)
      : examples_(examples), random_(random) {}

  Examples next();

 private:
  const Examples& examples_;
  Random random_;
  Tensor order_;
  int64_t first_ = 0;
  uint32_t pass_ = 0;
};

/// p <- p - rate/10 dp of gradients summed over a batch, which are then gone.
/// A parameter without gradient stays.
void neuron_step(const std::vector<Tensor>& parameters, double rate);

/// 784 - hidden ... - 10, linear layers with units {0, 1} between them.
/// UnitPass see a_i / 2 times the slope m, so that P(x = 1) = sigmoid(m a).
struct NeuronNet {
  /// Weights uniform in +-sqrt(3 / inputs), biases in +-sqrt(3): the defaults
  /// of TensorFlow 0.12.
  NeuronNet(const std::vector<int64_t>& sizes, const Random& random);

  /// Logits of the classes for x [B, 784] in [0, 1].
  Tensor classes(const Tensor& x, Sampler& sampler, double slope = 1) const;
  std::vector<Tensor> parameters() const;

  std::vector<Tensor> weights;  ///< [inputs, outputs] of each layer
  std::vector<Tensor> biases;
  /// Units that are 0 pass no gradient, the rule of the post's first version
  /// of 2016 if the estimator is kPassThrough. Units must be 0 or 1.
  bool through_open_only = false;
};

/// The slope m in epoch 1, 2, ...; empty: 1.
using Slope = std::function<double(int64_t epoch)>;

/// R2RT's 1.1^epoch over 20 epochs, in so many.
double annealed_slope(double epoch, int64_t epochs);

/// The spelling of estimators for the units of these nets.
inline constexpr const char* kSigmoidUnits = "mean-field";
inline constexpr const char* kPassThrough = "st-identity(slope=2)";
inline constexpr const char* kSigmoidAdjusted = "st";
inline constexpr const char* kDeterministic = "st-deterministic";
inline constexpr const char* kReinforce = "reinforce";
inline constexpr const char* kReinforceAdjusted = "reinforce(baseline=unit)";

/// Plain gradient descent on batches of 50. The source sums CE/10 over the
/// batch, so a step is 5 rate on the batch mean of CE; an epoch is 1001 steps.
struct NeuronTraining {
  std::vector<int64_t> hidden = {100};
  std::string estimator = kSigmoidAdjusted;
  double rate = 0.3;
  int64_t epochs = 20;
  Slope slope = {};
  int64_t steps_an_epoch = 1001;
  bool through_open_only = false;  ///< as in NeuronNet
};

/// Trains a new net; `after` sees it after epoch 1, 2, ....
/// Cost: about 0.2 ms a step of 784-100-10.
NeuronNet train_neurons(
    const NeuronTraining& training, const Examples& examples,
    const Random& random,
    const std::function<void(int64_t epoch, const NeuronNet& net)>& after = {});

/// What the hidden units are in a forward pass.
enum class UnitPass {
  sampled,  ///< the source's: one stochastic pass
  rounded,  ///< the more probable state
  means,    ///< sigmoid(m a)
};

/// Correct answers in percent. Of several passes, the mean of their softmax
/// probabilities answers.
double accuracy(const NeuronNet& net, const Examples& examples, UnitPass units,
                double slope, const Random& random, int64_t passes = 1);

}  // namespace signet

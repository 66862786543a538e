#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "signet/core/estimator_state.h"
#include "signet/data/agreement.h"
#include "signet/experiments/augmentation.h"
#include "signet/experiments/checkpoint.h"
#include "signet/experiments/estimator_plan.h"
#include "signet/experiments/evaluation.h"
#include "signet/experiments/rate.h"
#include "signet/experiments/recipe.h"
#include "signet/optim/optimizer.h"

namespace signet {

/// The examples that a run sees.
struct Parts {
  Examples train, validation, test;
  std::string train_data, test_data;  ///< fingerprint() of what they are of
};

/// Sums over the examples of an epoch. Shares where a step takes several
/// passes, or an estimator several samples.
struct Totals {
  double loss = 0;
  double correct = 0;
  double examples = 0;

  void add(const Totals& more);
  double mean_loss() const { return loss / examples; }
  double accuracy() const { return correct / examples; }
  /// "loss 0.3123  accuracy 88.12 %"
  std::string text() const;
};

/// What is trained, between its epochs: the network, what its optimizer and
/// its estimator remember, the examples.
class TrainingRun {
 public:
  /// Errors: UsageError if there are too few examples, training and test part
  /// disagree, the images are too small for data.crop, or the plan of rates or
  /// estimators does not fit.
  TrainingRun(const Recipe& recipe, const Dataset& data);

  /// Gives a new run its first weights: those of the optimizer's rules, of
  /// train.from, of train.init_batch. Warns in one line if the classes of
  /// train.from have other names. Errors: UsageError if train.from is neither
  /// a run nor a file of weights, or of another network or other shapes of
  /// images.
  void start();
  /// Or goes on from a checkpoint. Errors: UsageError, one line that names the
  /// file, unless its input, data, epoch and steps and all its tensors are
  /// those of the recipe.
  void load(const Checkpoint& checkpoint);
  void save(const std::filesystem::path& path, int64_t epoch) const;

  /// Trains epoch 1, 2, ...; each sees the examples in an order of its own.
  /// At its end the mode network gets its statistics from 5000 of them.
  /// `told` hears the sums so far after every step.
  /// Errors: Diverged if the loss or a parameter stops being finite: at which
  /// step, and in which layer first.
  Totals train_epoch(int64_t epoch,
                     const std::function<void(const Totals&)>& told = {});

  /// The mode network on these examples.
  Evaluation test(const Examples& examples);

  Network& network() { return network_; }
  const EstimatorPlan& estimators() const { return estimators_; }
  const Parts& parts() const { return parts_; }
  int64_t steps() const { return optimizer_.steps(); }
  int64_t steps_an_epoch() const { return steps_an_epoch_; }
  /// Learning rate of the next step.
  double rate() const { return rate_.at(steps()); }
  /// Optimizer::take_flip_ratio().
  double take_flip_ratio() { return optimizer_.take_flip_ratio(); }

 private:
  /// What train.from names: a run, or a file of weights.
  std::map<std::string, Tensor> start_weights() const;
  void fit_mode_statistics();
  /// Indices of so many training examples, at random.
  Tensor some_examples(int64_t count) const;
  void train_step(const Tensor& index, Totals& totals);
  /// Adds `share` of the gradient of one forward and backward pass.
  Totals train_pass(const Tensor& x, const Tensor& labels, const Random& random,
                    double share);
  Tensor images(const Tensor& index, const Random& random) const;
  /// Throws unless the tensors are those that the estimator of the last of so
  /// many steps learns: asked by a pass of one batch. Changes the network.
  void check_learned(const std::map<std::string, Tensor>& tensors,
                     int64_t steps, const std::string& who);
  [[noreturn]] void stop(const std::string& when, const std::string& why) const;

  Recipe recipe_;
  Random random_;
  Parts parts_;
  Shape image_shape_;
  DataTraits traits_;
  int64_t steps_an_epoch_;
  Network network_;
  Optimizer optimizer_;
  Rate rate_;
  EstimatorState estimator_state_;
  EstimatorPlan estimators_;
};

}  // namespace signet

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "signet/core/estimator_state.h"
#include "signet/experiments/anneal.h"
#include "signet/experiments/checkpoint.h"
#include "signet/experiments/evaluation.h"
#include "signet/experiments/progress.h"
#include "signet/experiments/recipe.h"
#include "signet/optim/optimizer.h"

namespace signet {

/// The examples that a run sees.
struct Parts {
  Examples train, validation, test;
};

/// Sums over the examples of an epoch.
struct Totals {
  double loss = 0;
  int64_t correct = 0;
  int64_t examples = 0;

  double mean_loss() const { return loss / static_cast<double>(examples); }
  double accuracy() const {
    return static_cast<double>(correct) / static_cast<double>(examples);
  }
  /// "loss 0.3123  accuracy 88.12 %"
  std::string text() const;
};

/// What is trained, between its epochs: the network, what its optimizer and
/// its estimator remember, the examples.
class TrainingRun {
 public:
  /// Errors: UsageError if there are too few examples.
  TrainingRun(const Recipe& recipe, const Dataset& data);

  void load(const Checkpoint& checkpoint);
  void save(const std::filesystem::path& path, int64_t epoch) const;

  /// Trains epoch 1, 2, ...; each sees the examples in an order of its own.
  /// Errors: std::runtime_error if the loss stops being finite.
  Totals train_epoch(int64_t epoch, Progress& progress);

  /// The mode network on these examples.
  Evaluation test(const Examples& examples);

  const std::vector<Annealing>& annealings() const { return annealings_; }
  const Parts& parts() const { return parts_; }
  int64_t steps() const { return optimizer_.steps(); }
  /// Learning rate of the next step.
  double rate() const;

 private:
  void train_step(const BoundEstimator& estimator, const Tensor& index,
                  Totals& totals);

  Recipe recipe_;
  Random random_;
  Parts parts_;
  Network network_;
  Optimizer optimizer_;
  EstimatorState estimator_state_;
  std::vector<Annealing> annealings_;
  int64_t steps_an_epoch_ = 0;
};

}  // namespace signet

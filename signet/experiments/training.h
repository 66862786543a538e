#pragma once

#include <filesystem>

#include "signet/experiments/evaluation.h"
#include "signet/experiments/recipe.h"

namespace signet {

struct TrainingOptions {
  std::filesystem::path out;  ///< the run folder
  bool resume = false;        ///< go on from its checkpoint
  /// Or replace the run that is there, as soon as the new one has a checkpoint;
  /// until then it stays as it is.
  bool overwrite = false;
  std::string command = {};  ///< how the run was started, for its records
};

/// How a run ended.
struct TrainingResult {
  int64_t epochs = 0;
  double seconds = 0;  ///< of this process
  Evaluation test;     ///< of the mode network, after the last epoch
};

/// Trains what the recipe describes and fills the run folder: recipe.toml,
/// metrics.csv (a row an epoch, "estimator.NAME" a parameter that is annealed),
/// checkpoint.safetensors (after each epoch, whole or not at all),
/// confusion.csv and results.json at the end. The test images decide nothing;
/// they are only reported. What export_model() would refuse is trained all the
/// same, but a line on stderr says so before the first step.
///
/// A run killed at any moment goes on with `resume` from the last whole epoch
/// and ends with the same bits, on the same number of threads; one that was
/// finished gets what it lacks at its end. All of it under the folder's lock.
/// Errors: UsageError for a folder that holds another run, or a checkpoint or
/// metrics.csv that does not fit the recipe; std::runtime_error if another
/// process writes the folder, the loss or a parameter stops being finite (the
/// last checkpoint stays as it was) or the disk is full.
TrainingResult train(const Recipe& recipe, const TrainingOptions& options);

}  // namespace signet

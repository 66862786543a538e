#pragma once

#include <filesystem>

#include "signet/experiments/evaluation.h"
#include "signet/experiments/recipe.h"

namespace signet {

struct TrainingOptions {
  std::filesystem::path out;  ///< the run folder
  bool resume = false;        ///< go on from its checkpoint
  bool overwrite = false;     ///< or replace the run that is there
  std::string command = {};   ///< how the run was started, for its records
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
/// they are only reported.
///
/// A run killed at any moment goes on with `resume` from the last whole epoch
/// and ends with the same bits, on the same number of threads.
/// Errors: UsageError for a folder that is in use or does not fit the recipe;
/// std::runtime_error if the loss or a parameter stops being finite (the last
/// checkpoint stays as it was) or the disk is full.
TrainingResult train(const Recipe& recipe, const TrainingOptions& options);

}  // namespace signet

#pragma once

#include <functional>
#include <vector>

#include "signet/experiments/training_run.h"

namespace signet {

/// What runs on images see.
struct Images {
  DatasetOptions options;
  Dataset train;
  Examples test;
};

/// The first so many images of each part; 0: all of them.
Images load_images(const DatasetOptions& options, int64_t train, int64_t test);

/// The recipe of a run on them, to be filled in: products in float, so that
/// every machine does the same.
Recipe image_recipe(const Images& images, int64_t seed);

/// One epoch, percent.
struct ImageEpoch {
  double loss = 0;  ///< of the training, its mean along the epoch, nats
  double train_accuracy = 0, test_accuracy = 0;
  double flips = 0;  ///< share of the binary weights in a step
};

/// Trains and tests the mode network after every epoch, from epoch `first` on.
/// `told` hears the share that is done.
std::vector<ImageEpoch> train_on_images(
    TrainingRun& run, const Images& images, int64_t first, int64_t last,
    const std::function<void(double share)>& told = {});

/// A column of several runs, by run and epoch.
std::vector<std::vector<double>> column(
    const std::vector<std::vector<ImageEpoch>>& runs,
    double ImageEpoch::*value);
/// Its last value of each run.
std::vector<double> last_of(const std::vector<std::vector<ImageEpoch>>& runs,
                            double ImageEpoch::*value);

/// {1, 2, ..., n}
std::vector<double> epochs_up_to(int64_t n);

}  // namespace signet

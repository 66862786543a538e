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

  int64_t classes() const { return static_cast<int64_t>(train.classes.size()); }
};

/// The first so many images of each part; 0: all of them.
Images load_images(const DatasetOptions& options, int64_t train, int64_t test);

/// The recipe of a run on them, to be filled in: products in float, so that
/// every machine does the same.
Recipe image_recipe(const Images& images, int64_t seed);

/// What is seen of a run in one epoch, or after it; accuracies in percent.
struct ImageEpoch {
  double loss = 0;  ///< mean of the training images, nats
  double train_accuracy = 0, test_accuracy = 0;
  double flips = 0;  ///< share of the binary weights in a step
  bool diverged = false;
};

/// What a run counts as from the epoch on in which it diverges: a net that
/// gives all classes the same probability, of loss ln(classes).
ImageEpoch uniform_guess(int64_t classes);
/// The same in the settings of a page.
inline const std::string kDivergedCountAs =
    "count from that epoch on as a net that gives all classes the same "
    "probability";

/// Trains and tests the mode network after every epoch, from epoch `first` on;
/// losses are means along the epoch. `told` hears the share that is done.
/// Always last - first + 1 epochs: those of a run that diverges are guesses.
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

/// How many runs diverged: "0 of 5".
std::string diverged_text(const std::vector<std::vector<ImageEpoch>>& runs);

/// {1, 2, ..., n}
std::vector<double> epochs_up_to(int64_t n);

}  // namespace signet

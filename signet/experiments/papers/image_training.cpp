#include "signet/experiments/papers/image_training.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "signet/core/torch.h"
#include "signet/experiments/diverged.h"

namespace signet {
namespace {

void keep_first(Dataset& data, int64_t n) {
  if (n == 0 || n >= data.size()) return;
  data.images.resize(static_cast<size_t>(n * data.features()));
  data.labels.resize(static_cast<size_t>(n));
}

}  // namespace

Images load_images(const DatasetOptions& options, int64_t train, int64_t test) {
  Images images{.options = options,
                .train = load_dataset(options, Part::train),
                .test = {}};
  keep_first(images.train, train);
  auto tested = load_dataset(options, Part::test);
  keep_first(tested, test);
  images.test = to_examples(tested);
  return images;
}

Recipe image_recipe(const Images& images, int64_t seed) {
  Recipe recipe;
  recipe.seed = seed + 1;
  recipe.data.set = images.options.name;
  recipe.data.folder = images.options.folder;
  recipe.train.precision = "fp32";
  return recipe;
}

ImageEpoch uniform_guess(int64_t classes) {
  const auto n = static_cast<double>(classes);
  return {.loss = std::log(n),
          .train_accuracy = 100 / n,
          .test_accuracy = 100 / n,
          .diverged = true};
}

std::vector<ImageEpoch> train_on_images(
    TrainingRun& run, const Images& images, int64_t first, int64_t last,
    const std::function<void(double)>& told) {
  std::vector<ImageEpoch> epochs;
  const auto all = static_cast<double>(last - first + 1);
  try {
    for (int64_t epoch = first; epoch <= last; ++epoch) {
      const auto done = static_cast<double>(epoch - first);
      const auto totals = run.train_epoch(epoch, [&](const Totals& sums) {
        const double share =
            sums.examples / static_cast<double>(images.train.size());
        if (told) told((done + share) / all);
      });
      epochs.push_back({.loss = totals.mean_loss(),
                        .train_accuracy = 100 * totals.accuracy(),
                        .test_accuracy = 100 * run.test(images.test).accuracy(),
                        .flips = run.take_flip_ratio()});
    }
  } catch (const Diverged&) {
    epochs.resize(static_cast<size_t>(last - first + 1),
                  uniform_guess(images.classes()));
  }
  return epochs;
}

std::vector<std::vector<double>> column(
    const std::vector<std::vector<ImageEpoch>>& runs,
    double ImageEpoch::*value) {
  std::vector<std::vector<double>> rows;
  for (const auto& run : runs) {
    auto& row = rows.emplace_back();
    for (const auto& epoch : run) row.push_back(epoch.*value);
  }
  return rows;
}

std::vector<double> last_of(const std::vector<std::vector<ImageEpoch>>& runs,
                            double ImageEpoch::*value) {
  std::vector<double> values;
  for (const auto& run : runs) values.push_back(run.back().*value);
  return values;
}

std::string diverged_text(const std::vector<std::vector<ImageEpoch>>& runs) {
  const auto count = std::count_if(runs.begin(), runs.end(),
                                   [](const std::vector<ImageEpoch>& epochs) {
                                     return epochs.back().diverged;
                                   });
  return std::to_string(count) + " of " + std::to_string(runs.size());
}

std::vector<double> epochs_up_to(int64_t n) {
  std::vector<double> epochs(static_cast<size_t>(n));
  std::iota(epochs.begin(), epochs.end(), 1.0);
  return epochs;
}

}  // namespace signet

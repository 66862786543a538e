#pragma once

#include <filesystem>
#include <string>

#include "signet/data/agreement.h"
#include "signet/experiments/recipe.h"
#include "signet/experiments/run_folder.h"

namespace signet {

/// The same recipe with data.folder and train.from absolute, so that they mean
/// the same wherever it is read.
Recipe with_absolute_folders(Recipe recipe);

/// What the network of a run was made for.
DataTraits traits_of(const TrainedRun& run);

/// The folder of the data set in `recipe`, that of the run in `run`. Where it
/// is gone: a folder that ends alike and lies beside one above the run, since
/// what lay together may have moved together. Such a one counts if its test
/// images are those that the run was trained beside, `test_data`, the
/// fingerprint() of them; "" never does.
/// Errors: UsageError that names --data.
std::string find_data_folder(const Recipe& recipe,
                             const std::filesystem::path& run,
                             const std::string& test_data);

/// The test images for a run: those of `data`, see find_dataset(), or if that
/// is empty those of its recipe. Their classes are the network's. Warns in one
/// line if they are those of the recipe, but have changed since it was trained.
/// Errors: UsageError if they disagree with the network or are gone; as
/// load_dataset().
Dataset load_test_data(const TrainedRun& run, const std::string& data = "");

}  // namespace signet

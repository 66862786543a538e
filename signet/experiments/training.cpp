#include "signet/experiments/training.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>
#include <span>

#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/core/torch.h"
#include "signet/data/atomic_file.h"
#include "signet/data/csv.h"
#include "signet/experiments/checkpoint.h"
#include "signet/experiments/precision.h"
#include "signet/experiments/progress.h"
#include "signet/experiments/run_folder.h"
#include "signet/experiments/training_run.h"
#include "signet/report/results.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kMetrics = {"epoch",
                                           "step",
                                           "rate",
                                           "flip_ratio",
                                           "train_loss",
                                           "train_accuracy",
                                           "validation_loss",
                                           "validation_accuracy",
                                           "test_loss",
                                           "test_accuracy",
                                           "seconds"};

/// Where to go on, if anywhere. Changes nothing.
std::optional<Checkpoint> find_checkpoint(const RunFolder& folder,
                                          const Recipe& recipe,
                                          const TrainingOptions& options) {
  const bool used = fs::exists(folder.checkpoint());
  if (used && options.resume) {
    auto checkpoint = load_checkpoint(folder.checkpoint());
    const auto changed = differences(
        parse_recipe(checkpoint.recipe, folder.checkpoint().string()), recipe);
    check(changed.empty(), "--resume",
          "the recipe must be that of the run, but " + join(changed, "; "));
    return checkpoint;
  }
  check(!used || options.overwrite, folder.path.string(),
        "holds a run already: go on with --resume, replace it with "
        "--overwrite, or choose another --out");
  return {};
}

void start_folder(const RunFolder& folder, const Recipe& recipe) {
  fs::create_directories(folder.path);
  for (const auto& file : {folder.checkpoint(), folder.metrics(),
                           folder.results(), folder.confusion()}) {
    fs::remove(file);
  }
  write_atomically(folder.recipe(), recipe_text(recipe));
}

void warn_of_other_threads(const Checkpoint& checkpoint) {
  if (checkpoint.threads == at::get_num_threads()) return;
  std::fprintf(stderr,
               "warning: the run was trained on %ld threads and goes on with "
               "%d: sums may round differently\n",
               static_cast<long>(checkpoint.threads), at::get_num_threads());
}

void write_confusion(const fs::path& path, const Evaluation& evaluation,
                     const std::vector<std::string>& classes) {
  fs::remove(path);
  CsvWriter csv(path, {"label", "prediction", "count"});
  for (size_t i = 0; i < evaluation.confusion.size(); ++i) {
    for (size_t j = 0; j < evaluation.confusion[i].size(); ++j) {
      csv.append_text({classes.at(i), classes.at(j),
                       std::to_string(evaluation.confusion[i][j])});
    }
  }
}

}  // namespace

TrainingResult train(const Recipe& given, const TrainingOptions& options) {
  auto recipe = given;
  recipe.train.precision = resolved_precision(given.train.precision);
  const RunFolder folder{options.out};
  const auto data =
      load_dataset({recipe.data.set, recipe.data.folder}, Part::train);
  TrainingRun run(recipe, data);
  int64_t epoch = 0;
  if (const auto checkpoint = find_checkpoint(folder, recipe, options)) {
    run.load(*checkpoint);
    epoch = checkpoint->epoch;
    keep_rows(folder.metrics(), "epoch", static_cast<double>(epoch));
    warn_of_other_threads(*checkpoint);
  } else {
    run.start();
    start_folder(folder, recipe);
  }
  std::fprintf(stderr, "products in %s\n", recipe.train.precision.c_str());
  auto columns = kMetrics;
  for (const auto& parameter : run.estimators().annealed())
    columns.push_back("estimator." + parameter);
  CsvWriter metrics(folder.metrics(), columns);
  const auto start = std::chrono::steady_clock::now();
  TrainingResult result;
  const double nan = std::nan("");
  while (epoch < recipe.train.epochs) {
    ++epoch;
    const auto epoch_start = std::chrono::steady_clock::now();
    Progress progress("epoch " + std::to_string(epoch) + "/" +
                          std::to_string(recipe.train.epochs),
                      static_cast<double>(run.parts().train.size()), "samples");
    const double rate = run.rate();
    const auto annealed = run.estimators().annealed_values(run.steps());
    const auto totals = run.train_epoch(epoch, [&](const Totals& sums) {
      progress.update(sums.examples, sums.text());
    });
    const bool validate = run.parts().validation.size() > 0;
    const auto validation =
        validate ? run.test(run.parts().validation) : Evaluation{};
    result.test = run.test(run.parts().test);
    char accuracy[64];
    std::snprintf(accuracy, sizeof accuracy, "  test %.2f %%",
                  100 * result.test.accuracy());
    progress.finish(totals.text() + accuracy);
    const double seconds = std::chrono::duration<double>(
                               std::chrono::steady_clock::now() - epoch_start)
                               .count();
    std::vector<double> row = {static_cast<double>(epoch),
                               static_cast<double>(run.steps()),
                               rate,
                               run.take_flip_ratio(),
                               totals.mean_loss(),
                               totals.accuracy(),
                               validate ? validation.loss : nan,
                               validate ? validation.accuracy() : nan,
                               result.test.loss,
                               result.test.accuracy(),
                               seconds};
    row.insert(row.end(), annealed.begin(), annealed.end());
    metrics.append(row);
    run.save(folder.checkpoint(), epoch);
  }
  const bool trained = result.test.examples > 0;
  if (!trained) result.test = run.test(run.parts().test);
  result.epochs = epoch;
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  write_confusion(folder.confusion(), result.test, data.classes);
  const report::ResultRecord record{.name = "test accuracy, mode network",
                                    .value = 100 * result.test.accuracy(),
                                    .unit = "%",
                                    .seed = recipe.seed,
                                    .command = options.command};
  // A finished run that is resumed has its record already.
  if (trained) report::append_results(folder.results(), std::span(&record, 1));
  return result;
}

}  // namespace signet

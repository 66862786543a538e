#include "signet/experiments/training.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>
#include <span>

#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/base/number.h"
#include "signet/core/torch.h"
#include "signet/data/atomic_file.h"
#include "signet/data/bad_file.h"
#include "signet/data/csv.h"
#include "signet/data/folder_lock.h"
#include "signet/data/metrics.h"
#include "signet/data/run_files.h"
#include "signet/experiments/checkpoint.h"
#include "signet/experiments/precision.h"
#include "signet/experiments/progress.h"
#include "signet/experiments/run_data.h"
#include "signet/experiments/run_folder.h"
#include "signet/experiments/training_run.h"
#include "signet/export/export_model.h"

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

/// What the row of results.json is called that a training leaves.
constexpr auto kResult = "test accuracy, mode network";

/// Where to go on, if anywhere. Changes nothing.
std::optional<Checkpoint> find_checkpoint(const RunFolder& folder,
                                          const Recipe& recipe,
                                          const TrainingOptions& options) {
  const bool used = fs::exists(folder.checkpoint());
  if (used && options.resume) {
    auto checkpoint = load_checkpoint(folder.checkpoint());
    auto before = with_absolute_folders(
        parse_recipe(checkpoint.recipe, folder.checkpoint().string()));
    before.data.folder = recipe.data.folder;  // the same data may have moved
    const auto changed = differences(before, recipe);
    check(changed.empty(), "--resume",
          "the recipe must be that of the run, but " + join(changed, "; "));
    return checkpoint;
  }
  check(!used || options.overwrite, folder.path.string(),
        "holds a run already: go on with --resume, replace it with "
        "--overwrite, or choose another --out");
  return {};
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) bad_file(path, "could not create the folder: " + error.message());
}

void start_folder(const RunFolder& folder, const Recipe& recipe) {
  make_folder(folder.path);
  clear_run(folder.path);  // of a run without a checkpoint
  write_atomically(folder.recipe(), recipe_text(recipe));
}

/// Every epoch up to the checkpoint has its row; those behind it go.
void check_metrics(const fs::path& path, int64_t epochs,
                   int64_t steps_an_epoch) {
  const auto metrics = read_csv(path);
  check_epochs(metrics);
  check(metrics.rows.size() >= static_cast<size_t>(epochs), path.string(),
        "must have a row for each of the " + std::to_string(epochs) +
            " epochs of the checkpoint beside it, but has " +
            std::to_string(metrics.rows.size()) + "; put the file back");
  const auto steps = metrics.numbers("step");
  for (int64_t e = 1; e <= epochs; ++e) {
    check(steps[static_cast<size_t>(e - 1)] ==
              static_cast<double>(e * steps_an_epoch),
          path.string(),
          "row " + std::to_string(e) + " must be of step " +
              std::to_string(e * steps_an_epoch) +
              ", as the run has it; put the file back");
  }
}

void tell_of_other_threads(const Checkpoint& checkpoint) {
  if (checkpoint.threads == at::get_num_threads()) return;
  std::fprintf(stderr,
               "warning: the run was trained with %ld threads and goes on with "
               "%d: its bits are those of neither number; --threads %ld keeps "
               "them\n",
               static_cast<long>(checkpoint.threads), at::get_num_threads(),
               static_cast<long>(checkpoint.threads));
}

/// Whether results.json has what a training writes at its end; `eval` writes
/// figures of that name as well.
bool has_result(const fs::path& path) {
  if (!fs::exists(path)) return false;
  const auto records = report::read_results(path);
  return std::any_of(records.begin(), records.end(), [](const auto& r) {
    return r.name == kResult && !r.command.starts_with("signet eval ");
  });
}

/// Else it would be told when all training is over.
void tell_of_export(const Network& network, const Recipe& recipe,
                    const std::vector<std::string>& classes) {
  for (const bool noise : {false, true}) {
    const auto refusal =
        export_refusal(network, recipe.name, classes, {.noise = noise});
    if (!refusal) continue;
    constexpr std::string_view kWho = "export: ";
    const size_t who = refusal->starts_with(kWho) ? kWho.size() : 0;
    std::fprintf(stderr,
                 "note: 'signet export%s' will refuse this network: %s\n",
                 noise ? " --noise" : "", refusal->c_str() + who);
    return;
  }
}

void write_confusion(const fs::path& path, const Evaluation& evaluation,
                     const std::vector<std::string>& classes) {
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < evaluation.confusion.size(); ++i) {
    for (size_t j = 0; j < evaluation.confusion[i].size(); ++j) {
      rows.push_back({classes.at(i), classes.at(j),
                      std::to_string(evaluation.confusion[i][j])});
    }
  }
  write_atomically(path, csv_text({"label", "prediction", "count"}, rows));
}

}  // namespace

TrainingResult train(const Recipe& given, const TrainingOptions& options) {
  auto recipe = with_absolute_folders(given);
  recipe.train.precision = resolved_precision(given.train.precision);
  const RunFolder folder{options.out};
  std::optional<FolderLock> lock;
  std::optional<Checkpoint> checkpoint;
  const auto enter = [&] {
    lock.emplace(folder.path, options.command);
    settle_run(folder.path);
    checkpoint = find_checkpoint(folder, recipe, options);
  };
  if (fs::exists(folder.path)) enter();
  if (checkpoint) {
    recipe.data.folder =
        find_data_folder(recipe, folder.path, checkpoint->test_data);
  }
  const auto data =
      load_dataset({recipe.data.set, recipe.data.folder}, Part::train);
  TrainingRun run(recipe, data);
  if (!checkpoint) run.start();
  if (!lock) {  // nothing is left behind by what cannot start
    make_folder(folder.path);
    enter();
  }
  RunFolder target = folder;
  int64_t epoch = 0;
  if (checkpoint) {
    run.load(*checkpoint);
    epoch = checkpoint->epoch;
    check_metrics(folder.metrics(), epoch, run.steps_an_epoch());
    if (parse_recipe(checkpoint->recipe, "").data.folder != recipe.data.folder)
      write_atomically(folder.recipe(), recipe_text(recipe));
    keep_rows(folder.metrics(), "epoch", static_cast<double>(epoch));
    tell_of_other_threads(*checkpoint);
  } else {
    // A run that replaces another stands aside until its first checkpoint.
    if (fs::exists(folder.checkpoint()))
      target.path = replacing_folder(folder.path);
    start_folder(target, recipe);
  }
  tell_of_export(run.network(), recipe, data.classes);
  std::fprintf(stderr, "products in %s\n", recipe.train.precision.c_str());
  auto columns = kMetrics;
  for (const auto& parameter : run.estimators().annealed())
    columns.push_back("estimator." + parameter);
  CsvWriter metrics(target.metrics(), columns);
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
    progress.finish(totals.text() + "  test " +
                    fixed_text(100 * result.test.accuracy(), 2) + " %");
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
    run.save(target.checkpoint(), epoch);
    if (target.path != folder.path) settle_run(folder.path);
    target = folder;
  }
  if (result.test.examples == 0) result.test = run.test(run.parts().test);
  result.epochs = epoch;
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  write_confusion(folder.confusion(), result.test, data.classes);
  // A finished run that is resumed may have its record already.
  if (has_result(folder.results())) return result;
  const report::ResultRecord record{.name = kResult,
                                    .value = 100 * result.test.accuracy(),
                                    .unit = "%",
                                    .seed = recipe.seed,
                                    .threads = at::get_num_threads(),
                                    .command = options.command};
  write_atomically(
      folder.results(),
      report::appended_results(folder.results(), std::span(&record, 1)));
  return result;
}

}  // namespace signet

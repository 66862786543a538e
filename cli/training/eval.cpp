// signet eval RUN... --samples 1,4,16

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/training/start_torch.h"
#include "signet/base/threads.h"
#include "signet/core/torch.h"
#include "signet/data/folder_lock.h"
#include "signet/experiments/evaluation.h"
#include "signet/experiments/figure_over_runs.h"
#include "signet/experiments/progress.h"
#include "signet/experiments/run_folder.h"

namespace signet {
namespace {

struct Options {
  std::vector<std::string> runs;
  std::vector<int64_t> samples;
  int64_t seed = 1;
  int threads = 0;
  bool json = false;
};

/// One measured figure of an evaluation.
struct Quantity {
  const char* name;    ///< in results.json
  const char* key;     ///< in JSON
  const char* format;  ///< in the table
  const char* unit;
  double (*read)(const Evaluation& e);
};

const Quantity kQuantities[] = {
    {"test accuracy", "accuracy_percent", "%.2f", "%",
     [](const Evaluation& e) { return 100 * e.accuracy(); }},
    {"test negative log-likelihood", "loss_nats", "%.4f", "nats",
     [](const Evaluation& e) { return e.loss; }},
    {"test calibration error", "calibration_error_percent", "%.2f", "%",
     [](const Evaluation& e) { return 100 * e.calibration_error; }}};
constexpr size_t kCount = std::size(kQuantities);

/// The figures of one mode of all runs.
struct Mode {
  int64_t samples = 0;
  std::array<FigureOverRuns, kCount> figures = {};

  std::string name() const {
    if (samples == 0) return "mode network";
    return "ensemble of " + std::to_string(samples) +
           (samples == 1 ? " sample" : " samples");
  }
  nlohmann::json json() const {
    nlohmann::json object;
    if (samples > 0) object["samples"] = samples;
    for (size_t q = 0; q < kCount; ++q) {
      const auto& f = figures[q];
      object[kQuantities[q].key] = {{"values", f.values},
                                    {"mean", f.mean()},
                                    {"standard_error", f.standard_error()}};
    }
    return object;
  }
};

std::string number(const char* format, double value) {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

void print_row(const std::string& first, const std::string& mode,
               const std::vector<std::string>& cells) {
  std::printf("%-28s  %-24s", first.c_str(), mode.c_str());
  for (const auto& cell : cells) std::printf("  %21s", cell.c_str());
  std::printf("\n");
}

void print_run(const std::string& path, const std::vector<Mode>& modes) {
  for (const auto& mode : modes) {
    std::vector<std::string> cells;
    for (size_t q = 0; q < kCount; ++q) {
      cells.push_back(
          number(kQuantities[q].format, mode.figures[q].values.back()) + " " +
          kQuantities[q].unit);
    }
    print_row(&mode == &modes.front() ? path : "", mode.name(), cells);
  }
}

void print_means(const std::vector<Mode>& modes) {
  for (const auto& mode : modes) {
    std::vector<std::string> cells;
    for (size_t q = 0; q < kCount; ++q) {
      const auto* format = kQuantities[q].format;
      cells.push_back(number(format, mode.figures[q].mean()) + " +- " +
                      number(format, mode.figures[q].standard_error()) + " " +
                      kQuantities[q].unit);
    }
    print_row(&mode == &modes.front() ? "mean +- standard error" : "",
              mode.name(), cells);
  }
}

std::string command_text(const Options& o, const std::string& run) {
  std::string text = "signet eval " + run;
  for (size_t i = 0; i < o.samples.size(); ++i)
    text += (i == 0 ? " --samples " : ",") + std::to_string(o.samples[i]);
  return text + " --seed " + std::to_string(o.seed);
}

/// Evaluates one run in all modes, appends to their figures and to its results.
void evaluate_run(const Options& o, const TrainedRun& run,
                  std::vector<Mode>& modes) {
  const auto path = run.folder.path.string();
  const auto& data = run.recipe.data;
  const auto test =
      to_examples(load_dataset({data.set, data.folder}, Part::test));
  std::vector<int64_t> samples;
  for (const auto& mode : modes) samples.push_back(mode.samples);
  Progress progress(path, static_cast<double>(test.size()), "images");
  const auto results = evaluate(
      *run.network, test, samples, Random(static_cast<uint64_t>(o.seed)),
      [&](int64_t done) { progress.update(static_cast<double>(done)); });
  progress.cancel();
  std::vector<report::ResultRecord> records;
  for (size_t m = 0; m < modes.size(); ++m) {
    for (size_t q = 0; q < kCount; ++q) {
      const double value = kQuantities[q].read(results[m]);
      modes[m].figures[q].values.push_back(value);
      records.push_back(
          {.name = std::string(kQuantities[q].name) + ", " + modes[m].name(),
           .value = value,
           .unit = kQuantities[q].unit,
           .seed = run.recipe.seed,
           .threads = at::get_num_threads(),
           .command = command_text(o, path)});
    }
  }
  if (!record_results(run.folder, records, command_text(o, path))) {
    std::fprintf(stderr,
                 "warning: %s cannot be written: results.json does not get "
                 "these figures\n",
                 path.c_str());
  }
}

int run(const Options& o) {
  start_torch(o.threads);
  std::vector<TrainedRun> runs;
  for (const auto& path : o.runs) {
    FolderLock::check_free(path);
    runs.push_back(load_run(path));
  }
  std::vector<int64_t> samples = o.samples;
  samples.push_back(0);
  std::sort(samples.begin(), samples.end());
  samples.erase(std::unique(samples.begin(), samples.end()), samples.end());
  std::vector<Mode> modes;
  for (const int64_t s : samples) modes.push_back({.samples = s});
  if (!o.json)
    print_row("run", "mode", {"accuracy", "neg. log-likelihood", "ECE"});
  for (const auto& run : runs) {
    evaluate_run(o, run, modes);
    if (!o.json) print_run(run.folder.path.string(), modes);
  }
  if (o.json) {
    nlohmann::json all = {{"runs", o.runs},
                          {"mode", modes.front().json()},
                          {"ensembles", nlohmann::json::array()}};
    for (size_t m = 1; m < modes.size(); ++m)
      all["ensembles"].push_back(modes[m].json());
    std::printf("%s\n", all.dump(2).c_str());
  } else if (runs.size() > 1) {
    print_means(modes);
  }
  return 0;
}

const Registered<Command> entry{{
    .name = "eval",
    .summary = "Accuracy and calibration of trained runs: mode and ensembles",
    .setup = [](CLI::App& app) -> std::function<int()> {
      auto o = std::make_shared<Options>();
      app.add_option("runs", o->runs,
                     "run folders; of several, also mean and standard error")
          ->required();
      app.add_option("--samples", o->samples,
                     "ensembles beside the mode network: draws of all units "
                     "that one averages,\nsuch as 1,4,16")
          ->delimiter(',')
          ->check(CLI::Range(0, 100000));
      app.add_option("--seed", o->seed, "of the draws (default 1)")
          ->check(CLI::NonNegativeNumber);
      app.add_option("--threads", o->threads, "threads (default: all cores)")
          ->check(CLI::Range(1, kMostThreads));
      app.add_flag("--json", o->json, "print JSON");
      app.footer(
          "\nThe mode network draws nothing: every unit takes its more "
          "probable value. An ensemble\naverages softmax probabilities. ECE: "
          "expected calibration error, 15 bins.");
      return [o] { return run(*o); };
    },
}};

}  // namespace
}  // namespace signet

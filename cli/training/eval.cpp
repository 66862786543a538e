// signet eval RUN... --samples 1,4,16

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/option_checks.h"
#include "cli/shell_quoted.h"
#include "cli/training/eval_output.h"
#include "cli/training/start_torch.h"
#include "signet/base/printable.h"
#include "signet/base/threads.h"
#include "signet/core/torch.h"
#include "signet/data/folder_lock.h"
#include "signet/data/read_only.h"
#include "signet/experiments/progress.h"
#include "signet/experiments/run_data.h"
#include "signet/experiments/run_folder.h"

namespace signet {
namespace {

struct Options {
  std::vector<std::string> runs;
  std::string data;
  std::vector<int64_t> samples;
  int64_t seed = 1;
  int threads = 0;
  bool json = false;
};

std::string command_text(const Options& o, const std::string& run) {
  std::string text = "signet eval " + shell_quoted(run);
  if (!o.data.empty()) text += " --data " + shell_quoted(o.data);
  for (size_t i = 0; i < o.samples.size(); ++i)
    text += (i == 0 ? " --samples " : ",") + std::to_string(o.samples[i]);
  return text + " --seed " + std::to_string(o.seed);
}

/// The runs, each once: a link to one, or another spelling of its path, is no
/// second measurement.
std::vector<TrainedRun> load_runs(const std::vector<std::string>& paths) {
  std::vector<TrainedRun> runs;
  for (const auto& path : paths) {
    const auto same = std::find_if(runs.begin(), runs.end(), [&](auto& run) {
      std::error_code none;
      return std::filesystem::equivalent(run.folder.path, path, none);
    });
    if (same == runs.end()) {
      FolderLock::check_free(path);
      runs.push_back(load_run(path));
      continue;
    }
    std::fprintf(stderr, "warning: %s is the run %s again: it counts once\n",
                 printable(path, 500).c_str(),
                 printable(same->folder.path.string(), 500).c_str());
  }
  return runs;
}

/// The test images of each run. Runs of one recipe share them.
std::vector<Examples> load_examples(const std::vector<TrainedRun>& runs,
                                    const std::string& data) {
  std::vector<Examples> examples;
  for (const auto& run : runs) {
    const auto test = to_examples(load_test_data(run, data));
    const auto same =
        std::find_if(examples.begin(), examples.end(), [&](const auto& other) {
          return other.images.equal(test.images) &&
                 other.labels.equal(test.labels);
        });
    examples.push_back(same == examples.end() ? test : *same);
  }
  return examples;
}

void warn_of_same_seeds(const EvaluatedRuns& all,
                        const std::vector<TrainedRun>& runs) {
  for (const auto& group : all.groups) {
    for (const auto& [a, b] : same_seeds(runs, group)) {
      std::fprintf(stderr,
                   "warning: %s and %s have the same recipe and seed: the "
                   "standard error counts them as two\n",
                   printable(all.paths[a], 500).c_str(),
                   printable(all.paths[b], 500).c_str());
    }
  }
}

/// Adds what was measured to each run's results.json, where it can be written.
void record(const Options& o, const EvaluatedRuns& all,
            const std::vector<TrainedRun>& runs) {
  for (size_t r = 0; r < runs.size(); ++r) {
    const auto& path = all.paths[r];
    const auto command = command_text(o, path);
    auto reason = read_only_reason(runs[r].folder.path);
    if (reason.empty()) {
      const auto records = eval_records(all, r, runs[r].recipe.seed,
                                        at::get_num_threads(), command);
      if (record_results(runs[r].folder, records, command)) continue;
      reason = "they may not be written";
    }
    std::fprintf(stderr, "warning: %s: the results are not recorded: %s\n",
                 printable(path, 500).c_str(), reason.c_str());
  }
}

int run(const Options& o) {
  start_torch(o.threads);
  const auto runs = load_runs(o.runs);
  const auto examples = load_examples(runs, o.data);
  EvaluatedRuns all{.groups = group_runs(runs)};
  all.samples = o.samples;
  all.samples.push_back(0);
  std::sort(all.samples.begin(), all.samples.end());
  all.samples.erase(std::unique(all.samples.begin(), all.samples.end()),
                    all.samples.end());
  for (const auto& run : runs) all.paths.push_back(run.folder.path.string());
  warn_of_same_seeds(all, runs);
  if (!o.json) print_header();
  for (size_t r = 0; r < runs.size(); ++r) {
    Progress progress(all.paths[r], static_cast<double>(examples[r].size()),
                      "images");
    all.runs.push_back(evaluate(
        *runs[r].network, examples[r], all.samples,
        Random(static_cast<uint64_t>(o.seed)),
        [&](int64_t done) { progress.update(static_cast<double>(done)); }));
    progress.cancel();
    if (!o.json) print_run(all, r);
  }
  if (o.json) {
    std::printf("%s\n", eval_json(all).c_str());
  } else {
    print_groups(all);
  }
  record(o, all, runs);
  return 0;
}

const Registered<Command> entry{{
    .name = "eval",
    .summary = "Accuracy and calibration of trained runs: mode and ensembles",
    .setup = [](CLI::App& app) -> std::function<int()> {
      auto o = std::make_shared<Options>();
      app.add_option("runs", o->runs,
                     "run folders; of several of one recipe, also mean and "
                     "standard error")
          ->required();
      app.add_option("--data", o->data,
                     "evaluate on this data set (a name, or a folder), "
                     "wherever the run's own is");
      app.add_option("--samples", o->samples,
                     "ensembles beside the mode network: draws of all units "
                     "that one averages,\nsuch as 1,4,16")
          ->delimiter(',')
          ->check(whole_number(0, 100000));
      app.add_option("--seed", o->seed, "of the draws (default 1)")
          ->check(whole_number(0));
      app.add_option("--threads", o->threads, "threads (default: all cores)")
          ->check(whole_number(1, kMostThreads));
      app.add_flag("--json", o->json, "print JSON");
      app.footer(
          "\nA mean is over runs of one recipe, whose seeds alone differ. Of "
          "several recipes each has\nits own, and the table says what differs "
          "between them.\n"
          "\nThe mode network draws nothing: every unit takes its more "
          "probable value. An ensemble\naverages softmax probabilities. ECE: "
          "expected calibration error, 15 bins.");
      return [o] { return run(*o); };
    },
}};

}  // namespace
}  // namespace signet

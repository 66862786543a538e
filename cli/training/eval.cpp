// signet eval RUN... --samples S

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/training/start_torch.h"
#include "signet/experiments/evaluation.h"
#include "signet/experiments/figure_over_runs.h"
#include "signet/experiments/progress.h"
#include "signet/experiments/run_folder.h"
#include "signet/report/results.h"

namespace signet {
namespace {

struct Options {
  std::vector<std::string> runs;
  int64_t samples = 0, seed = 1;
  int threads = 0;
  bool json = false;
};

std::string command_text(const Options& o, const std::string& run) {
  return "signet eval " + run + " --samples " + std::to_string(o.samples) +
         " --seed " + std::to_string(o.seed);
}

int run(const Options& o) {
  start_torch(o.threads);
  const auto ensemble_name =
      "ensemble of " + std::to_string(o.samples) + " samples";
  FigureOverRuns mode_accuracy, mode_loss, accuracy, loss;
  std::vector<TrainedRun> all_trained;
  for (const auto& path : o.runs) all_trained.push_back(load_run(path));
  if (!o.json) {
    std::printf("%-28s  %14s", "run", "mode network");
    if (o.samples > 0) std::printf("  %24s", ensemble_name.c_str());
    std::printf("\n");
  }
  for (const auto& trained : all_trained) {
    const auto path = trained.folder.path.string();
    const auto& data = trained.recipe.data;
    const auto test =
        to_examples(load_dataset({data.set, data.folder}, Part::test));
    const auto evaluated = [&](int64_t samples) {
      Progress progress(path, static_cast<double>(test.size()), "images");
      const auto result = evaluate(
          *trained.network, test, samples,
          Random(static_cast<uint64_t>(o.seed)),
          [&](int64_t done) { progress.update(static_cast<double>(done)); });
      progress.cancel();
      return result;
    };
    std::vector<report::ResultRecord> records;
    const auto keep = [&](const std::string& what, const Evaluation& e,
                          FigureOverRuns& accuracies, FigureOverRuns& losses) {
      accuracies.values.push_back(100 * e.accuracy());
      losses.values.push_back(e.loss);
      records.push_back({.name = "test accuracy, " + what,
                         .value = 100 * e.accuracy(),
                         .unit = "%",
                         .seed = trained.recipe.seed,
                         .command = command_text(o, path)});
      records.push_back({.name = "test negative log-likelihood, " + what,
                         .value = e.loss,
                         .unit = "nats",
                         .seed = trained.recipe.seed,
                         .command = command_text(o, path)});
    };
    keep("mode network", evaluated(0), mode_accuracy, mode_loss);
    if (o.samples > 0)
      keep(ensemble_name, evaluated(o.samples), accuracy, loss);
    report::append_results(trained.folder.results(), records);
    if (o.json) continue;
    std::printf("%-28s  %12.2f %%", path.c_str(), mode_accuracy.values.back());
    if (o.samples > 0) std::printf("  %22.2f %%", accuracy.values.back());
    std::printf("\n");
  }
  const auto as_json = [](const FigureOverRuns& f) {
    return nlohmann::json{{"values", f.values},
                          {"mean", f.mean()},
                          {"standard_error", f.standard_error()}};
  };
  if (o.json) {
    nlohmann::json all = {{"runs", o.runs},
                          {"mode",
                           {{"accuracy_percent", as_json(mode_accuracy)},
                            {"loss_nats", as_json(mode_loss)}}}};
    if (o.samples > 0)
      all["ensemble"] = {{"samples", o.samples},
                         {"accuracy_percent", as_json(accuracy)},
                         {"loss_nats", as_json(loss)}};
    std::printf("%s\n", all.dump(2).c_str());
  } else if (o.runs.size() > 1) {
    std::printf("%-28s  %5.2f +- %4.2f %%", "mean, standard error",
                mode_accuracy.mean(), mode_accuracy.standard_error());
    if (o.samples > 0)
      std::printf("  %15.2f +- %4.2f %%", accuracy.mean(),
                  accuracy.standard_error());
    std::printf("\n");
  }
  return 0;
}

const Registered<Command> entry{{
    .name = "eval",
    .summary = "Test accuracy of trained runs: mode network and ensemble",
    .setup = [](CLI::App& app) -> std::function<int()> {
      auto o = std::make_shared<Options>();
      app.add_option("runs", o->runs,
                     "run folders; of several, also mean and standard error")
          ->required();
      app.add_option("--samples", o->samples,
                     "draws of all units that an ensemble averages (0: none)")
          ->check(CLI::Range(0, 100000));
      app.add_option("--seed", o->seed, "of the draws (default 1)")
          ->check(CLI::NonNegativeNumber);
      app.add_option("--threads", o->threads, "threads (default: all cores)")
          ->check(CLI::PositiveNumber);
      app.add_flag("--json", o->json, "print JSON");
      return [o] { return run(*o); };
    },
}};

}  // namespace
}  // namespace signet

// signet train RECIPE --out FOLDER

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/shell_quoted.h"
#include "cli/training/start_torch.h"
#include "signet/base/error.h"
#include "signet/base/printable.h"
#include "signet/base/threads.h"
#include "signet/experiments/progress.h"
#include "signet/experiments/run_folder.h"
#include "signet/experiments/training.h"

namespace signet {
namespace {

struct Options {
  std::string recipe, out, from, layout, data;
  std::vector<std::string> overrides;
  bool resume = false, overwrite = false, json = false;
  int64_t seed = -1;
  int threads = 0;
};

int run(const Options& options) {
  RunFolder{options.out}.check_writable();
  start_torch(options.threads);
  auto overrides = options.overrides;
  if (options.seed >= 0)
    overrides.push_back("seed=" + std::to_string(options.seed));
  auto path = options.recipe;
  if (path.empty()) {
    check(options.resume, "train",
          "a recipe is required, such as recipes/mlp.toml");
    path = RunFolder{options.out}.recipe();
  }
  check(path.find('=') == std::string::npos || std::filesystem::exists(path),
        "train",
        "there is no recipe '" + printable(path) +
            "'; a key=value needs a --set of its own");
  auto recipe = load_recipe(path, overrides);
  if (!options.from.empty()) recipe.train.from = options.from;
  if (!options.layout.empty()) recipe.train.layout = options.layout;
  if (!options.data.empty()) recipe.data.folder = options.data;
  std::string command = "signet train " + shell_quoted(path) + " --out " +
                        shell_quoted(options.out);
  for (const auto& text : options.overrides)
    command += " --set " + shell_quoted(text);
  if (!options.from.empty()) command += " --from " + shell_quoted(options.from);
  if (!options.layout.empty()) command += " --layout " + options.layout;
  if (!options.data.empty()) command += " --data " + shell_quoted(options.data);
  if (options.seed >= 0) command += " --seed " + std::to_string(options.seed);
  const auto result = train(recipe, {.out = options.out,
                                     .resume = options.resume,
                                     .overwrite = options.overwrite,
                                     .command = command});
  if (options.json) {
    std::printf(
        "%s\n",
        json_text(nlohmann::json(
                      {{"run", options.out},
                       {"seed", recipe.seed},
                       {"epochs", result.epochs},
                       {"seconds", result.seconds},
                       {"test_accuracy_percent", 100 * result.test.accuracy()},
                       {"test_loss_nats", result.test.loss}}))
            .c_str());
    return 0;
  }
  std::printf("%s: test accuracy %.2f %% after %ld epochs, %s\n",
              printable(options.out).c_str(), 100 * result.test.accuracy(),
              static_cast<long>(result.epochs),
              duration_text(result.seconds).c_str());
  return 0;
}

const Registered<Command> entry{{
    .name = "train",
    .summary = "Train what a recipe describes, into a run folder",
    .setup = [](CLI::App& app) -> std::function<int()> {
      auto o = std::make_shared<Options>();
      app.add_option("recipe", o->recipe,
                     "TOML file; with --resume the run's own by default");
      checks_output_folder(
          app.add_option("--out", o->out, "run folder")->required());
      app.add_option("--set", o->overrides,
                     "override a key of the recipe: optimizer.rate=0.01")
          ->allow_extra_args(false);
      app.add_option("--from", o->from,
                     "start from a trained run of the same layers, whose "
                     "weights may be real, or\nfrom safetensors of another "
                     "program: the key train.from");
      app.add_option("--layout", o->layout,
                     "of these: pytorch or signet, the key train.layout");
      app.add_option("--data", o->data,
                     "folder of the data set: the key data.folder; with "
                     "--resume where it is now");
      app.add_option("--seed", o->seed, "override the recipe's seed")
          ->check(whole_number(0));
      app.add_option("--threads", o->threads,
                     "threads (default: all cores); the last bits of a run "
                     "depend on their number")
          ->check(whole_number(1, kMostThreads));
      app.add_flag("--json", o->json, "print JSON");
      app.add_flag("--resume", o->resume, "go on from the last checkpoint");
      app.add_flag("--overwrite", o->overwrite,
                   "replace a run in the folder, as soon as the new one has "
                   "a checkpoint");
      app.footer(
          "\nA network that 'signet export' will refuse is trained all the "
          "same; a note says why\nbefore the first step.");
      return [o] { return run(*o); };
    },
}};

}  // namespace
}  // namespace signet

#include "signet/experiments/run_folder.h"

#include "signet/base/error.h"

namespace signet {

TrainedRun load_run(const std::filesystem::path& path) {
  const RunFolder folder{path};
  check(std::filesystem::is_directory(path), path.string(),
        "must be the folder of a run ('signet train ... --out FOLDER' makes "
        "one), but there is no such folder");
  check(std::filesystem::exists(folder.checkpoint()), path.string(),
        "holds no checkpoint.safetensors: train it first, or go on with "
        "'signet train --resume --out " +
            path.string() + "'");
  const auto checkpoint = load_checkpoint(folder.checkpoint());
  TrainedRun run{
      .folder = folder,
      .recipe = parse_recipe(checkpoint.recipe, folder.checkpoint().string()),
      .epoch = checkpoint.epoch,
      .network = nullptr};
  const auto input = checkpoint.input;
  run.network =
      std::make_shared<Network>(parse_network(input, run.recipe.network.layers),
                                Random(static_cast<uint64_t>(run.recipe.seed)));
  load_network_state(*run.network, checkpoint.network);
  run.network->eval();
  return run;
}

}  // namespace signet

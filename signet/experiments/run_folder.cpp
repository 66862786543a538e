#include "signet/experiments/run_folder.h"

#include <unistd.h>

#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/data/atomic_file.h"
#include "signet/data/dataset.h"
#include "signet/data/folder_lock.h"

namespace signet {
namespace {

/// recipe.toml may be absent, and the data may have moved.
void check_recipe_file(const RunFolder& folder, Recipe recipe) {
  if (!std::filesystem::exists(folder.recipe())) return;
  const auto beside = load_recipe(folder.recipe());
  recipe.data.folder = beside.data.folder;
  const auto changed = differences(recipe, beside);
  check(changed.empty(), folder.recipe().string(),
        "must be the recipe of the checkpoint beside it, but " +
            join(changed, "; ") +
            "; put it back, or train it into another folder");
}

}  // namespace

void RunFolder::check_writable() const {
  check_output_folder(path);
  if (!std::filesystem::exists(path)) return;
  for (const auto& file :
       {recipe(), metrics(), checkpoint(), confusion(), results()})
    check_output(file);
}

TrainedRun load_run(const std::filesystem::path& path) {
  const RunFolder folder{path};
  check(is_folder(path), path.string(),
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
  check_recipe_file(folder, run.recipe);
  check_progress(checkpoint, run.recipe);
  const auto input = checkpoint.input;
  run.network =
      std::make_shared<Network>(parse_network(input, run.recipe.network.layers),
                                Random(static_cast<uint64_t>(run.recipe.seed)));
  load_network_state(*run.network, checkpoint.network, checkpoint.source);
  run.network->eval();
  run.train_data = checkpoint.train_data;
  run.test_data = checkpoint.test_data;
  return run;
}

bool record_results(const RunFolder& folder,
                    std::span<const report::ResultRecord> records,
                    const std::string& command) {
  if (access(folder.path.c_str(), W_OK) != 0) return false;
  // Appends of others take as long as a disk needs.
  const FolderLock lock(folder.path, command, std::chrono::seconds(10));
  settle_run(folder.path);
  write_atomically(folder.results(),
                   report::appended_results(folder.results(), records));
  return true;
}

}  // namespace signet

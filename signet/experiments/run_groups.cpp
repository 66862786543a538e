#include "signet/experiments/run_groups.h"

#include <algorithm>

#include "signet/experiments/run_data.h"

namespace signet {
namespace {

/// Compared by what the files hold, shown as where they are.
constexpr auto kData = "data.folder";

using Settings = std::vector<std::pair<std::string, std::string>>;

/// Whatever may tell a run from others but its seed. The same keys for every
/// run.
Settings settings_of(const TrainedRun& run, bool fingerprints) {
  const auto recipe = with_absolute_folders(run.recipe);
  Settings settings;
  for (auto& setting : recipe_values(recipe)) {
    const auto& key = setting.first;
    if (key != "seed" && key != "name" && key != "data.folder")
      settings.push_back(std::move(setting));
  }
  settings.emplace_back(kData, fingerprints
                                   ? run.train_data + " " + run.test_data
                                   : recipe.data.folder);
  settings.emplace_back("epochs done", std::to_string(run.epoch));
  return settings;
}

}  // namespace

std::vector<RunGroup> group_runs(const std::vector<TrainedRun>& runs) {
  const bool fingerprints =
      std::all_of(runs.begin(), runs.end(),
                  [](const auto& r) { return r.test_data != ""; });
  std::vector<RunGroup> groups;
  for (size_t r = 0; r < runs.size(); ++r) {
    auto settings = settings_of(runs[r], fingerprints);
    const auto found =
        std::find_if(groups.begin(), groups.end(),
                     [&](const auto& g) { return g.settings == settings; });
    if (found != groups.end()) {
      found->runs.push_back(r);
    } else {
      groups.push_back({.runs = {r}, .settings = std::move(settings)});
    }
  }
  const size_t keys = groups.empty() ? 0 : groups[0].settings.size();
  for (size_t k = keys; k-- > 0;) {
    const auto value = groups[0].settings[k].second;
    const bool common = std::all_of(
        groups.begin(), groups.end(),
        [&](const auto& g) { return g.settings[k].second == value; });
    for (auto& g : groups) {
      if (common)
        g.settings.erase(g.settings.begin() + static_cast<ptrdiff_t>(k));
    }
  }
  for (auto& g : groups) {
    for (auto& [key, value] : g.settings) {
      if (key != kData) continue;
      const auto& folder = runs[g.runs[0]].recipe.data.folder;
      value = "'" + folder + "'" + (fingerprints ? " (" + value + ")" : "");
    }
  }
  return groups;
}

std::vector<std::pair<size_t, size_t>> same_seeds(
    const std::vector<TrainedRun>& runs, const RunGroup& group) {
  std::vector<std::pair<size_t, size_t>> pairs;
  for (const size_t b : group.runs) {
    for (const size_t a : group.runs) {
      if (a >= b) break;
      if (runs[a].recipe.seed != runs[b].recipe.seed) continue;
      pairs.emplace_back(a, b);
      break;
    }
  }
  return pairs;
}

}  // namespace signet

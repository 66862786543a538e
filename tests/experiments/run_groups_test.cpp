#include "signet/experiments/run_groups.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

TrainedRun run_of(int64_t seed) {
  TrainedRun run;
  run.recipe.seed = seed;
  run.recipe.name = "run" + std::to_string(seed);
  run.recipe.data = {.set = "idx", .folder = "/data"};
  run.epoch = 15;
  run.train_data = "00000001";
  run.test_data = "00000002";
  return run;
}

TEST(RunGroups, SeedsNamesAndFoldersMakeNone) {
  std::vector<TrainedRun> runs = {run_of(1), run_of(2), run_of(3)};
  runs[2].recipe.data.folder = "/moved";
  const auto groups = group_runs(runs);
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].runs, (std::vector<size_t>{0, 1, 2}));
  EXPECT_TRUE(groups[0].settings.empty());
  EXPECT_TRUE(same_seeds(runs, groups[0]).empty());
  runs[2].recipe.seed = 1;
  EXPECT_EQ(same_seeds(runs, groups[0]),
            (std::vector<std::pair<size_t, size_t>>{{0, 2}}));
}

TEST(RunGroups, SayWhatDiffersInTheRecipe) {
  std::vector<TrainedRun> runs = {run_of(1), run_of(1), run_of(2), run_of(2)};
  runs[1].recipe.train.estimator = "reinforce";
  runs[3].recipe.train.estimator = "reinforce";
  runs[3].recipe.network.layers = {"linear(outputs=3)", "units"};
  const auto groups = group_runs(runs);
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0].runs, (std::vector<size_t>{0, 2}));
  EXPECT_EQ(groups[0].settings,
            (Settings{{"network.layers", "[]"}, {"train.estimator", "'st'"}}));
  EXPECT_EQ(groups[1].settings, (Settings{{"network.layers", "[]"},
                                          {"train.estimator", "'reinforce'"}}));
  EXPECT_EQ(groups[2].settings,
            (Settings{{"network.layers", "['linear(outputs=3)', 'units']"},
                      {"train.estimator", "'reinforce'"}}));
}

TEST(RunGroups, SayWhatDiffersElse) {
  std::vector<TrainedRun> runs = {run_of(1), run_of(2), run_of(3)};
  runs[1].test_data = "00000003";
  runs[2].epoch = 7;
  auto groups = group_runs(runs);
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[1].settings,
            (Settings{{"data.folder", "'/data' (00000001 00000003)"},
                      {"epochs done", "15"}}));
  EXPECT_EQ(groups[2].settings[1].second, "7");
  // Without fingerprints the folders decide.
  for (auto& run : runs) run.test_data = run.train_data = "";
  runs[2].epoch = 15;
  EXPECT_EQ(group_runs(runs).size(), 1U);
  runs[1].recipe.data.folder = "/other";
  groups = group_runs(runs);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[1].settings, (Settings{{"data.folder", "'/other'"}}));
}

}  // namespace
}  // namespace signet

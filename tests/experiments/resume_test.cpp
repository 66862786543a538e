#include <gtest/gtest.h>

#include <thread>

#include "signet/core/torch.h"
#include "signet/experiments/checkpoint.h"
#include "signet/experiments/training.h"
#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

// Killed with SIGKILL in its second epoch and resumed, a run of the program
// ends with the bytes of one that was left alone.
void resume_after_a_kill(const std::function<void(Recipe&)>& change) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  write_tiny_data(folder / "data", 30000, 60);
  recipe.train.epochs = 2;
  recipe.train.batch = 10;
  change(recipe);
  recipe.network.layers.insert(recipe.network.layers.begin() + 3,
                               "dropout(rate=0.2)");
  std::ofstream(folder / "r.toml") << recipe_text(recipe);
  const auto command = [&](const std::string& out) {
    return std::vector<std::string>{
        SIGNET_PROGRAM, "train", folder / "r.toml", "--out", folder / out,
        "--threads",    "1"};
  };
  const auto metrics = folder / "killed/metrics.csv";
  Process whole(command("whole"), folder / "whole-log");
  Process killed(command("killed"), folder / "killed-log");
  using namespace std::chrono_literals;
  while (killed.running() &&
         !std::filesystem::exists(folder / "killed/checkpoint.safetensors"))
    std::this_thread::sleep_for(2ms);
  std::this_thread::sleep_for(30ms);
  killed.kill();
  ASSERT_EQ(killed.wait(), 128 + SIGKILL) << "ended before it was killed";
  ASSERT_EQ(load_checkpoint(folder / "killed/checkpoint.safetensors").epoch, 1);
  ASSERT_EQ(read_csv(metrics).rows.size(), 1U);

  auto arguments = command("killed");
  arguments.push_back("--resume");
  EXPECT_EQ(Process(arguments, folder / "resumed-log").wait(), 0)
      << read_text(folder / "resumed-log.err");
  ASSERT_EQ(whole.wait(), 0) << read_text(folder / "whole-log.err");
  EXPECT_EQ(read_text(folder / "killed/checkpoint.safetensors"),
            read_text(folder / "whole/checkpoint.safetensors"));
  EXPECT_EQ(lasting_metrics(folder / "killed"),
            lasting_metrics(folder / "whole"));
  EXPECT_EQ(read_csv(metrics).rows.size(), 2U);
}

TEST(Training, ResumeAfterAKillIsBitExact) {
  resume_after_a_kill([](Recipe& recipe) {
    recipe.train.estimator = "gumbel";
    recipe.train.anneal = {"temperature = exponential(factor=0.3, limit=0.2)"};
  });
}

TEST(Training, ResumeAfterAKillKeepsWhatTheEstimatorLearned) {
  resume_after_a_kill([](Recipe& recipe) {
    recipe.train.estimator = "reinforce(baseline=unit)";
  });
}

// The switch comes in the middle of the second epoch, what is learned before
// it is dropped, images are varied, the rate warms up and falls in steps.
TEST(Training, ResumeAfterAKillAcrossASwitchOfEstimators) {
  resume_after_a_kill([](Recipe& recipe) {
    recipe.train.estimator = "reinforce(baseline=unit)";
    recipe.train.switches = {
        "after 4000 steps: averaged(estimator=st, "
        "samples=2)"};
    recipe.data.flip = 0.5;
    recipe.data.crop = 1;
    recipe.optimizer.schedule = "steps(at=1.5, factor=0.1)";
    recipe.optimizer.warmup = 1.2;
  });
}

}  // namespace
}  // namespace signet

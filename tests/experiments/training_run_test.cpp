#include "signet/experiments/training_run.h"

#include <gtest/gtest.h>

#include <cmath>

#include "signet/core/torch.h"
#include "signet/experiments/training.h"
#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

Dataset tiny_data(const TempFolder& folder) {
  return load_dataset({.name = "idx", .folder = folder / "data"}, Part::train);
}

// What a checkpoint holds after epoch 1 is all that epochs 2 and 3 need.
TEST(TrainingRun, GoesOnFromACheckpointBitByBit) {
  const TempFolder folder;
  const auto plain = tiny_recipe(folder);
  const auto data = tiny_data(folder);
  const std::vector<std::function<void(Recipe&)>> changes = {
      [](Recipe& r) {
        r.train.estimator = "averaged(estimator=st, samples=3)";
      },
      // Just behind the checkpoint: it holds what was learned before.
      [](Recipe& r) {
        r.train.estimator = "reinforce(baseline=unit)";
        r.train.switches = {"after 1 epoch: rloo",
                            "after 30 steps: reinforce(baseline=unit)"};
      },
      [](Recipe& r) {
        r.data.flip = 0.5;
        r.data.crop = 2;
        r.optimizer.schedule = "steps(at=1.5, factor=0.1)";
        r.optimizer.warmup = 2;
        r.train.init_batch = 50;
        r.train.precision = "bf16";
      },
      [](Recipe& r) { r.optimizer.weights = "bayesbinn(samples=2)"; }};
  for (size_t c = 0; c < changes.size(); ++c) {
    auto recipe = plain;
    recipe.train.epochs = 3;
    recipe.train.precision = "fp32";
    changes[c](recipe);
    TrainingRun whole(recipe, data);
    whole.start();
    whole.train_epoch(1);
    whole.save(folder / "one", 1);
    for (const int64_t epoch : {2, 3}) whole.train_epoch(epoch);
    whole.save(folder / "whole", 3);

    TrainingRun resumed(recipe, data);
    resumed.load(load_checkpoint(folder / "one"));
    for (const int64_t epoch : {2, 3}) resumed.train_epoch(epoch);
    resumed.save(folder / "resumed", 3);
    EXPECT_EQ(read_text(folder / "resumed"), read_text(folder / "whole")) << c;
  }
}

TEST(TrainingRun, SaysInWhichLayerNumbersStopBeingFinite) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  recipe.network.layers = {"linear(outputs=8)",
                           "batch-norm",
                           "units",
                           "linear(outputs=5, weights=real)",
                           "batch-norm",
                           "linear(outputs=3, weights=real, bias=true)"};
  TrainingRun run(recipe, tiny_data(folder));
  run.save(folder / "good", 0);
  const auto error_with = [&](const std::string& name, double value) {
    auto checkpoint = load_checkpoint(folder / "good");
    checkpoint.network.at(name).view({-1})[1] = value;
    run.load(checkpoint);
    const auto error = error_of([&] { run.train_epoch(1); });
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    return error;
  };
  const auto expect = [](const std::string& error, const std::string& part) {
    EXPECT_NE(error.find(part), std::string::npos) << error;
  };
  const double nan = std::nan(""), infinity = INFINITY;
  expect(error_with("3.weight", nan),
         "train: stopped at step 1: the loss is NaN; layer 3.linear is the "
         "first whose output is not finite, nor is its 3.weight; try a smaller "
         "optimizer.rate. The checkpoint of the last whole epoch, if any, is "
         "kept");
  expect(error_with("5.bias", infinity), "layer 5.linear is the first");
  expect(error_with("4.bias", -infinity), "layer 4.batch-norm is the first");
  // Finite weights whose products are not.
  expect(error_with("3.weight", 3e38),
         "layer 4.batch-norm is the first whose output is not finite");
  // A finite output whose loss overflows.
  expect(
      error_with("5.bias", -3.3e38),
      "the loss is infinite; the outputs of all layers are finite, and so are "
      "all parameters and gradients: the loss overflows");
  // Units would hide it.
  expect(error_with("1.bias", nan),
         "train: stopped at step 1: the logits of units are NaN; layer "
         "1.batch-norm is the first whose output is not finite, nor is its "
         "1.bias; try a smaller optimizer.rate");
  // Signs of NaN are signs: only the end of the epoch can tell.
  expect(error_with("0.latent", nan),
         "train: stopped after step 12: 0.latent is not finite");
  EXPECT_EQ(error_of([&] {
              run.load(load_checkpoint(folder / "good"));
              run.train_epoch(1);
            }),
            "no error");
}

TEST(TrainingRun, NaNDoesNotHideInUnitsOfAnyKind) {
  const TempFolder folder;
  for (const auto* units :
       {"units", "units(deterministic=true)", "units(noise=gaussian)"}) {
    for (const auto* estimator : {"st", "gumbel", "reinforce", "exact"}) {
      auto recipe = tiny_recipe(folder);
      recipe.train.estimator = estimator;
      recipe.network.layers = {"linear(outputs=8, weights=real)", "batch-norm",
                               units,
                               "linear(outputs=3, weights=real, bias=true)"};
      TrainingRun run(recipe, tiny_data(folder));
      {
        torch::NoGradGuard no_gradient;
        run.network().named_parameters()["0.weight"][3][1] = std::nan("");
      }
      const auto error = error_of([&] { run.train_epoch(1); });
      EXPECT_NE(error.find("train: stopped at step 1: the logits of units are "
                           "NaN; layer 0.linear is the first"),
                std::string::npos)
          << units << ", " << estimator << ": " << error;
      const auto tested = error_of([&] { run.test(run.parts().test); });
      EXPECT_NE(tested.find("at the mode the logits of units are NaN"),
                std::string::npos)
          << tested;
    }
  }
}

/// What there is no expectation of needs no estimator.
TEST(TrainingRun, ANetworkThatDrawsNothingTrainsUnderEveryEstimator) {
  const TempFolder folder;
  std::vector<double> losses;
  for (const auto* estimator :
       {"st", "reinforce", "arms", "exact-layered", "averaged(samples=3)"}) {
    auto recipe = tiny_recipe(folder);
    recipe.train.estimator = estimator;
    recipe.network.layers = {"linear(outputs=8)", "batch-norm",
                             "units(deterministic=true)",
                             "linear(outputs=3, weights=real, bias=true)"};
    TrainingRun run(recipe, tiny_data(folder));
    losses.push_back(run.train_epoch(1).mean_loss());
    EXPECT_EQ(losses.back(), losses.front()) << estimator;
  }
}

TEST(TrainingRun, CountsAnExampleOnceWhateverItsSamples) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  recipe.train.estimator = "averaged(estimator=st, samples=4)";
  TrainingRun run(recipe, tiny_data(folder));
  std::vector<double> heard;
  const auto totals = run.train_epoch(
      1, [&](const Totals& sums) { heard.push_back(sums.examples); });
  EXPECT_EQ(heard.size(), 12u);
  EXPECT_EQ(heard.back(), totals.examples);
  EXPECT_NEAR(totals.examples, 230, 1e-9);
  EXPECT_LE(totals.accuracy(), 1);
}

TEST(TrainingRun, TheFlipRatioIsAShare) {
  const TempFolder folder;
  const auto recipe = tiny_recipe(folder);
  train(recipe, {.out = folder / "a"});
  for (const double ratio :
       read_csv(folder / "a/metrics.csv").numbers("flip_ratio")) {
    EXPECT_GT(ratio, 0);
    EXPECT_LT(ratio, 0.5);
  }
  auto frozen = recipe;
  frozen.optimizer.rate = 0;
  train(frozen, {.out = folder / "b"});
  EXPECT_EQ(read_csv(folder / "b/metrics.csv").numbers("flip_ratio"),
            (std::vector<double>{0, 0}));
}

TEST(TrainingRun, RefusesWhatDoesNotFitTheData) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  const auto data = tiny_data(folder);
  const auto error_of_run = [&] {
    return error_of([&] { TrainingRun(recipe, data); });
  };
  recipe.data.crop = 6;
  EXPECT_NE(error_of_run().find("data.crop: must be less than the height"),
            std::string::npos);
  recipe.data.crop = 5;
  EXPECT_EQ(error_of_run(), "no error");
  recipe.train.init_batch = 231;
  EXPECT_NE(error_of_run().find("2 to the 230 training examples"),
            std::string::npos);
  recipe.train.init_batch = 0;
  recipe.network.layers = {"linear(outputs=16)", "units", "linear(outputs=2)"};
  EXPECT_EQ(error_of_run(),
            "network.layers: the last layer, 2.linear, must give a vector of 3 "
            "scores, one for each class of the data, but gives 2");
  recipe.network.layers = {"conv(channels=3)"};
  EXPECT_EQ(error_of_run(),
            "network.layers: the last layer, 0.conv, must give a vector of 3 "
            "scores, one for each class of the data, but gives 3x4x4");
  recipe.network.layers = {"linear(outputs=3, weights=stochastic)"};
  EXPECT_EQ(error_of_run(), "no error");
  recipe.train.switches = {"after 1 epoch: reinforce"};
  EXPECT_EQ(error_of_run(),
            "network.layers: 0.linear must draw its weights for each example "
            "(draw=example), as the estimator reinforce uses the loss of each, "
            "but has draw=step");
}

// Latent weights of stochastic ones get a gradient of their own, which rules
// for signs would take for another: the rule of real parameters steps them.
TEST(TrainingRun, StepsStochasticWeightsByTheRuleOfOthers) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  recipe.network.layers = {"linear(outputs=3, weights=stochastic, init=2)"};
  recipe.optimizer.weights = "bayesbinn-published";
  recipe.optimizer.others = "gradient(direction=sgd)";
  recipe.train.precision = "fp32";
  const auto data = tiny_data(folder);
  TrainingRun run(recipe, data);
  run.start();
  run.save(folder / "start", 0);
  const auto start = load_checkpoint(folder / "start").network.at("0.latent");
  EXPECT_LE(start.abs().max().item<double>(), 2) << "not +-10";
  run.train_epoch(1);
  EXPECT_EQ(run.take_flip_ratio(), 0) << "none is a binary weight";
}

}  // namespace
}  // namespace signet

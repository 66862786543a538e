#include "signet/experiments/evaluation.h"

#include <gtest/gtest.h>

#include <numeric>

#include "signet/core/samplers.h"
#include "signet/core/torch.h"
#include "signet/experiments/calibration.h"
#include "signet/experiments/run_folder.h"
#include "signet/experiments/training.h"
#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

/// A trained network and its test examples.
struct Trained {
  TempFolder folder;
  TrainedRun run;
  Examples test;

  Trained() {
    train(tiny_recipe(folder), {.out = folder / "a"});
    run = load_run(folder / "a");
    test = to_examples(
        load_dataset({.name = "idx", .folder = folder / "data"}, Part::test));
  }
};

TEST(Evaluation, EnsembleAveragesProbabilities) {
  const Trained t;
  const auto x = t.test.images.to(torch::kFloat);
  const Random random(6);
  torch::NoGradGuard no_gradient;
  auto sum = torch::zeros({60, 3}, torch::kDouble);
  std::vector<double> losses;
  for (uint32_t s = 0; s < 8; ++s) {
    IndependentSampler sampler(random.at_step(0).replica(s));
    const auto p = torch::softmax(
        t.run.network->forward(x, sampler).to(torch::kDouble), 1);
    sum += p;
    losses.push_back(
        torch::nll_loss(torch::log(p), t.test.labels).item<double>());
  }
  const auto log_p = torch::log(sum / 8);
  const auto all = evaluate(*t.run.network, t.test, {8, 1, 0}, random);
  const auto& e = all[0];
  EXPECT_NEAR(e.loss, torch::nll_loss(log_p, t.test.labels).item<double>(),
              1e-6);
  const auto [best, guess] = (sum / 8).max(1);
  EXPECT_EQ(e.correct, (guess == t.test.labels).sum().item<int64_t>());
  Calibration calibration;
  for (int64_t i = 0; i < 60; ++i)
    calibration.add(best[i].item<double>(), guess[i].equal(t.test.labels[i]));
  EXPECT_NEAR(e.calibration_error, calibration.error(), 1e-6);
  EXPECT_NEAR(all[1].loss, losses[0], 1e-6);
  EXPECT_NE(all[2].loss, losses[0]);
  // Jensen: averages of probabilities beat the average sample.
  EXPECT_LT(e.loss, std::accumulate(losses.begin(), losses.end(), 0.0) / 8);
}

TEST(Evaluation, ModesDoNotDependOnOneAnother) {
  const Trained t;
  const std::vector<int64_t> samples{0, 1, 4, 16};
  const auto together = evaluate(*t.run.network, t.test, samples, Random(3));
  for (size_t m = 0; m < samples.size(); ++m) {
    const auto alone =
        evaluate(*t.run.network, t.test, {samples[m]}, Random(3)).front();
    EXPECT_EQ(alone.loss, together[m].loss);
    EXPECT_EQ(alone.confusion, together[m].confusion);
    EXPECT_EQ(alone.calibration_error, together[m].calibration_error);
  }
  EXPECT_EQ(evaluate_mode(*t.run.network, t.test).loss, together[0].loss);
}

}  // namespace
}  // namespace signet

#include "signet/experiments/papers/network_training.h"

#include <gtest/gtest.h>

#include "signet/core/torch.h"
#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

NetworkTraining tiny_training() {
  return {.layers = {"linear(outputs=16, weights=real, bias=true)", "units",
                     "linear(outputs=3, weights=real, bias=true)"},
          .rate = 0.03,
          .steps = 60,
          .batch = 20,
          .init_batch = 100};
}

TEST(NetworkTrainer, LearnsWhatCanBeLearned) {
  const TempFolder folder;
  write_tiny_data(folder / "data", 230, 60);
  const DatasetOptions options{.name = "idx", .folder = folder / "data"};
  const auto train = scaled_images(options, Part::train);
  const auto test = scaled_images(options, Part::test, 50);
  EXPECT_EQ(test.size(), 50);
  EXPECT_LE(train.x.max().item<double>(), 1);
  const Random random(5);
  NetworkTrainer trainer(tiny_training(), train, random);
  const auto before = score(trainer.network(), test, 4, random);
  double first = 0, last = 0;
  for (int step = 0; step < 60; ++step) {
    if (step == 30) trainer.use_estimator("rloo(samples=4)");
    (step == 0 ? first : last) = trainer.step();
  }
  EXPECT_LT(last, first / 2);
  const auto after = score(trainer.network(), test, 4, random);
  EXPECT_GT(after.accuracy, 90);
  EXPECT_LT(after.loss, before.loss / 2);
}

TEST(NetworkTrainer, EqualSeedsSeeTheSame) {
  const TempFolder folder;
  write_tiny_data(folder / "data", 230, 60);
  const auto train =
      scaled_images({.name = "idx", .folder = folder / "data"}, Part::train);
  const auto training = tiny_training();
  NetworkTrainer a(training, train, Random(5)), b(training, train, Random(5)),
      c(training, train, Random(6));
  for (int step = 0; step < 15; ++step) {
    const double loss = a.step();
    EXPECT_EQ(loss, b.step());
    EXPECT_NE(loss, c.step());
  }
}

TEST(NetworkTrainer, GoesOnFromOthersLatentWeights) {
  const TempFolder folder;
  write_tiny_data(folder / "data", 230, 60);
  const auto train =
      scaled_images({.name = "idx", .folder = folder / "data"}, Part::train);
  const NetworkTraining training{
      .layers = {"linear(outputs=8)", "batch-norm(affine=false)", "relu",
                 "linear(outputs=3)"},
      .weights = "bayesbinn-equivalent(initial=0.001)",
      .rate = 0.01,
      .batch = 20};
  NetworkTrainer a(training, train, Random(5)), b(training, train, Random(5));
  a.step();
  b.step();
  const auto after_one = a.latent_weights();
  b.set_latent_weights(-after_one);
  EXPECT_TRUE(b.latent_weights().equal(-after_one));
  b.set_latent_weights(after_one);
  EXPECT_EQ(a.step(), b.step());
  EXPECT_FALSE(a.latent_weights().equal(after_one));
  EXPECT_TRUE(b.latent_weights().equal(a.latent_weights()));
}

}  // namespace
}  // namespace signet

#include "signet/experiments/papers/image_training.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

/// Runs on images of 3 classes, real weights, plain gradient descent.
class ImageTraining : public testing::Test {
 protected:
  ImageTraining() { write_tiny_data(folder_ / "data", 230, 60); }

  std::vector<ImageEpoch> epochs_at(double rate) {
    const auto images =
        load_images({.name = "idx", .folder = folder_ / "data"}, 200, 50);
    EXPECT_EQ(images.train.size(), 200);
    EXPECT_EQ(images.test.size(), 50);
    EXPECT_EQ(images.classes(), 3);
    auto recipe = image_recipe(images, 0);
    recipe.network.layers = {"linear(outputs=16, weights=real, bias=true)",
                             "quantize(bits=4, backward=identity)",
                             "linear(outputs=3, weights=real, bias=true)"};
    recipe.train.epochs = 4;
    recipe.train.batch = 20;
    recipe.optimizer.rate = rate;
    recipe.optimizer.others = "gradient(direction=momentum, beta1=0.9)";
    TrainingRun run(recipe, images.train);
    run.start();
    return train_on_images(run, images, 1, 4);
  }

 private:
  TempFolder folder_;
};

TEST_F(ImageTraining, LearnsWhatCanBeLearned) {
  const auto epochs = epochs_at(0.02);
  ASSERT_EQ(epochs.size(), 4u);
  EXPECT_LT(epochs.back().loss, epochs.front().loss / 2);
  EXPECT_GT(epochs.back().test_accuracy, 80);
  EXPECT_EQ(diverged_text({epochs, epochs}), "0 of 2");
}

TEST_F(ImageTraining, ARunThatDivergesCountsAsAGuess) {
  const auto epochs = epochs_at(1e30);
  ASSERT_EQ(epochs.size(), 4u);
  EXPECT_TRUE(epochs.back().diverged);
  EXPECT_DOUBLE_EQ(epochs.back().loss, std::log(3.0));
  EXPECT_DOUBLE_EQ(epochs.back().test_accuracy, 100.0 / 3);
  for (const auto& epoch : epochs) EXPECT_TRUE(std::isfinite(epoch.loss));
  EXPECT_EQ(diverged_text({epochs, epochs_at(0.02)}), "1 of 2");
}

}  // namespace
}  // namespace signet

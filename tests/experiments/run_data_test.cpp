#include "signet/experiments/run_data.h"

#include <gtest/gtest.h>

#include "signet/data/fingerprint.h"
#include "signet/experiments/training.h"
#include "tests/data/temp_folder.h"
#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Where the process is while a run is trained; back again at the end.
struct Inside {
  explicit Inside(const fs::path& folder) : before(fs::current_path()) {
    fs::current_path(folder);
  }
  ~Inside() { fs::current_path(before); }
  fs::path before;
};

// A run of one epoch, trained inside `home` from the relative folder "data".
Recipe train_in(const TempFolder& folder, const std::string& home) {
  fs::create_directories(folder / home);
  write_tiny_data(folder / home / "data", 60, 20);
  auto recipe = tiny_recipe(folder);
  recipe.data.folder = "data";
  recipe.train.epochs = 1;
  const Inside inside(folder / home);
  train(recipe, {.out = "runs/a"});
  return recipe;
}

TEST(RunData, OfARelativeFolderIsFoundFromElsewhere) {
  const TempFolder folder;
  train_in(folder, "home");
  const auto run = load_run(folder / "home/runs/a");
  EXPECT_TRUE(fs::path(run.recipe.data.folder).is_absolute());
  EXPECT_EQ(load_test_data(run).size(), 20);
  EXPECT_EQ(run.test_data, fingerprint(load_test_data(run)));
}

TEST(RunData, MovesWithTheRun) {
  const TempFolder folder;
  train_in(folder, "home");
  fs::rename(folder / "home", folder / "other");
  EXPECT_EQ(load_test_data(load_run(folder / "other/runs/a")).size(), 20);
  // Other images at such a place do not count.
  write_tiny_data(folder / "other/data", 60, 21);
  const auto run = load_run(folder / "other/runs/a");
  const auto error = error_of([&] { load_test_data(run); });
  EXPECT_PRED2(contains, error, "name the one that it moved to with --data");
  EXPECT_EQ(load_test_data(run, folder / "other/data").size(), 21);
}

TEST(RunData, DisagreesInOneLine) {
  const TempFolder folder;
  train_in(folder, "home");
  const auto run = load_run(folder / "home/runs/a");
  const auto error_with = [&](int classes, int side) {
    write_tiny_data(folder / "elsewhere", 60, 20, classes, side);
    return error_of([&] { load_test_data(run, folder / "elsewhere"); });
  };
  EXPECT_EQ(error_with(3, 6), "no error");
  EXPECT_PRED2(contains, error_with(5, 6),
               "the data must have 3 classes, as the model, but got 5");
  EXPECT_PRED2(contains, error_with(2, 6), "but got 2");
  EXPECT_PRED2(contains, error_with(3, 7), "the images must be 1x6x6");
  error_with(2, 6);
  fs::remove(folder / "elsewhere/train-labels-idx1-ubyte");
  // Their names are those of the network's classes.
  EXPECT_EQ(load_test_data(run, folder / "elsewhere").classes.size(), 3U);
}

TEST(RunData, ResumesOnTheSameDataAlone) {
  const TempFolder folder;
  auto recipe = train_in(folder, "home");
  fs::rename(folder / "home/data", folder / "home/moved");
  recipe.data.folder = folder / "home/moved";
  const auto resume = [&] {
    train(recipe, {.out = folder / "home/runs/a", .resume = true});
  };
  EXPECT_EQ(error_of(resume), "no error");
  write_tiny_data(folder / "home/moved", 61, 20);
  EXPECT_PRED2(contains, error_of(resume),
               "--resume: the data set must be that of the run");
  recipe.data.folder = folder / "home/gone";
  EXPECT_PRED2(contains, error_of(resume), "with --data FOLDER");
}

TEST(RunData, TrainingAndTestPartAgree) {
  const TempFolder folder;
  const auto recipe = tiny_recipe(folder);
  write_tiny_data(folder / "other", 60, 20, 3, 7);
  for (const std::string name :
       {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
    fs::copy(folder / "other" / name, folder / "data" / name,
             fs::copy_options::overwrite_existing);
  }
  EXPECT_PRED2(contains,
               error_of([&] { train(recipe, {.out = folder / "a"}); }),
               "data.folder, test part: the images must be 1x6x6");
}

// The weights of a convolution fit images of any size.
TEST(RunData, ATrainedRunIsAStartForImagesOfItsShape) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  recipe.train.epochs = 1;
  recipe.network.layers = {"conv(channels=4, stride=2)",
                           "batch-norm",
                           "units",
                           "max-pool(size=2)",
                           "flatten",
                           "linear(outputs=3)",
                           "batch-norm"};
  train(recipe, {.out = folder / "a"});
  write_tiny_data(folder / "data", 60, 20, 3, 7);
  recipe.train.from = folder / "a";
  EXPECT_PRED2(contains,
               error_of([&] { train(recipe, {.out = folder / "b"}); }),
               "train.from: the images must be 1x6x6");
}

}  // namespace
}  // namespace signet

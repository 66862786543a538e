#include "signet/experiments/training.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "signet/base/error.h"
#include "signet/core/estimator.h"
#include "signet/core/torch.h"
#include "signet/data/csv.h"
#include "signet/data/safetensors.h"
#include "signet/experiments/run_folder.h"
#include "signet/report/results.h"
#include "tests/data/temp_folder.h"
#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

// A checkpoint is written after the row of its epoch: a kill between the two
// leaves a row too many, which resuming drops.
TEST(Training, ResumeDropsRowsBehindTheCheckpoint) {
  const TempFolder folder;
  const auto recipe = tiny_recipe(folder);
  train(recipe, {.out = folder / "a"});
  const auto expected = lasting_metrics(folder / "a");
  std::ofstream(folder / "a/metrics.csv", std::ios::app)
      << "3,36,0.1,0,1,1,nan,nan,1,1,1\n";
  train(recipe, {.out = folder / "a", .resume = true});
  EXPECT_EQ(lasting_metrics(folder / "a"), expected);
}

TEST(Training, LearnsAndReportsEveryPart) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  recipe.data.validation = 30;
  recipe.train.epochs = 6;
  const auto result = train(recipe, {.out = folder / "a"});
  EXPECT_GT(result.test.accuracy(), 0.7);
  EXPECT_EQ(result.test.examples, 60);
  const auto metrics = read_csv(folder / "a/metrics.csv");
  EXPECT_EQ(metrics.numbers("step"),
            (std::vector<double>{10, 20, 30, 40, 50, 60}));
  EXPECT_EQ(metrics.numbers("test_accuracy").back(), result.test.accuracy());
  for (double v : metrics.numbers("validation_accuracy")) {
    // A share of 30 examples.
    EXPECT_NEAR(30 * v, std::round(30 * v), 1e-9);
  }
  // Cosine: the whole rate at the first step, and down from there.
  const auto rates = metrics.numbers("rate");
  for (size_t e = 0; e < 6; ++e)
    EXPECT_NEAR(rates[e], 0.005 * (1 + std::cos(M_PI * double(e) / 6)), 1e-12);
  const auto records = report::read_results(folder / "a/results.json");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_NEAR(records[0].value, 100 * result.test.accuracy(), 1e-9);
  EXPECT_EQ(records[0].threads, at::get_num_threads());
  double count = 0;
  for (double c : read_csv(folder / "a/confusion.csv").numbers("count"))
    count += c;
  EXPECT_EQ(count, 60);
  const auto again = load_run(folder / "a");
  const auto test = to_examples(
      load_dataset({.name = "idx", .folder = folder / "data"}, Part::test));
  EXPECT_EQ(evaluate_mode(*again.network, test).correct, result.test.correct);
}

// Killed behind the last checkpoint. `eval` leaves a figure of the same name.
TEST(Training, AFinishedRunGetsTheRecordThatItLacks) {
  const TempFolder folder;
  const auto recipe = tiny_recipe(folder);
  const TrainingOptions options{.out = folder / "a",
                                .resume = true,
                                .command = "signet train r.toml --out a"};
  train(recipe, options);
  const auto results = folder / "a/results.json",
             confusion = folder / "a/confusion.csv";
  const auto whole = read_text(results), matrix = read_text(confusion);
  std::filesystem::remove(results);
  std::filesystem::remove(confusion);
  train(recipe, options);
  EXPECT_EQ(read_text(results), whole);
  EXPECT_EQ(read_text(confusion), matrix);
  train(recipe, options);
  EXPECT_EQ(read_text(results), whole) << "but not twice";

  std::filesystem::remove(results);
  const std::vector<report::ResultRecord> eval = {
      {.name = "test accuracy, mode network",
       .value = 1,
       .command = "signet eval a --seed 1"}};
  ASSERT_TRUE(record_results({folder / "a"}, eval, eval[0].command));
  train(recipe, options);
  const auto records = report::read_results(results);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].command, options.command);
}

TEST(Training, WithoutValidationItsColumnsAreEmpty) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  recipe.optimizer.schedule = "constant";
  recipe.train.epochs = 1;
  train(recipe, {.out = folder / "a"});
  const auto metrics = read_csv(folder / "a/metrics.csv");
  EXPECT_TRUE(std::isnan(metrics.numbers("validation_loss")[0]));
  EXPECT_EQ(metrics.numbers("rate")[0], 0.01);
  EXPECT_EQ(metrics.numbers("step")[0], 12);  // 11 of 20, one of 10
}

// Epoch 0 is trained as with the first value, the next one with the second.
TEST(Training, AnnealsFromEpochToEpoch) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  const auto weights = [&](const std::string& name, int64_t epochs,
                           const std::string& estimator,
                           const std::vector<std::string>& anneal) {
    recipe.train = {.epochs = epochs,
                    .batch = 20,
                    .estimator = estimator,
                    .anneal = anneal};
    recipe.optimizer.schedule = "constant";
    train(recipe, {.out = folder / name});
    return load_checkpoint(folder / name / "checkpoint.safetensors").network;
  };
  const auto equal = [](const std::map<std::string, Tensor>& a,
                        const std::map<std::string, Tensor>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) {
                        return x.first == y.first && x.second.equal(y.second);
                      });
  };
  const std::vector<std::string> falls = {
      "temperature = exponential(start=4, factor=0.25)"};
  const auto fixed = "gumbel(temperature=4)";
  EXPECT_TRUE(
      equal(weights("a1", 1, "gumbel", falls), weights("f1", 1, fixed, {})));
  const auto annealed = weights("a2", 2, "gumbel", falls);
  EXPECT_FALSE(equal(annealed, weights("f2", 2, fixed, {})));
  EXPECT_TRUE(equal(
      annealed,
      weights("l2", 2, fixed, {"temperature = linear(start=4, step=-3)"})));

  const auto metrics = read_csv(folder / "a2/metrics.csv");
  EXPECT_EQ(metrics.numbers("estimator.temperature"),
            (std::vector<double>{4, 1}));
  EXPECT_EQ(read_csv(folder / "f2/metrics.csv").columns.size() + 1,
            metrics.columns.size());
}

TEST(Training, EveryEstimatorTrains) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  recipe.train = {.epochs = 1, .batch = 20};
  recipe.network.layers = {"linear(outputs=4)", "batch-norm", "units",
                           "linear(outputs=3, weights=real, bias=true)"};
  for (const auto& e : table<Estimator>()) {
    recipe.train.estimator = e.name;
    EXPECT_EQ(train(recipe, {.out = folder / e.name}).epochs, 1) << e.name;
  }
}

TEST(Training, CifarImagesThroughConvolutions) {
  const TempFolder folder;
  write_tiny_cifar(folder / "cifar", 40);
  Recipe recipe;
  recipe.data = {
      .set = "cifar-10", .folder = folder / "cifar", .flip = 0.5, .crop = 1};
  recipe.network.layers = {
      "conv(channels=8, stride=4)", "batch-norm", "units", "flatten",
      "linear(outputs=10)",         "batch-norm"};
  recipe.train = {.epochs = 3, .batch = 20};
  recipe.optimizer.rate = 0.02;
  const auto result = train(recipe, {.out = folder / "a"});
  EXPECT_EQ(result.test.examples, 40);
  EXPECT_EQ(result.test.confusion.size(), 10U);
  EXPECT_GT(result.test.accuracy(), 0.5);
  std::filesystem::resize_file(folder / "cifar/data_batch_2.bin", 3073 * 3 + 5);
  EXPECT_NE(error_of([&] {
              train(recipe, {.out = folder / "b"});
            }).find("data_batch_2.bin: must hold whole records of 3073 bytes"),
            std::string::npos);
}

TEST(Training, DoesNotTouchARunUnasked) {
  const TempFolder folder;
  const auto recipe = tiny_recipe(folder);
  train(recipe, {.out = folder / "a"});
  const auto before = read_text(folder / "a/checkpoint.safetensors");
  EXPECT_NE(error_of([&] {
              train(recipe, {.out = folder / "a"});
            }).find("holds a run already"),
            std::string::npos);
  auto other = recipe;
  other.seed = 2;
  EXPECT_NE(error_of([&] {
              train(other, {.out = folder / "a", .resume = true});
            }).find("seed: 1 -> 2"),
            std::string::npos);
  EXPECT_EQ(read_text(folder / "a/checkpoint.safetensors"), before);
  // What cannot start leaves the old run alone, and what does replaces it all.
  auto bad = other;
  bad.train.from = folder / "none";
  EXPECT_NE(
      error_of([&] { train(bad, {.out = folder / "a", .overwrite = true}); }),
      "no error");
  EXPECT_EQ(read_text(folder / "a/checkpoint.safetensors"), before);
  std::ofstream(folder / "a/report.html") << "of the old run";
  train(other, {.out = folder / "a", .overwrite = true});
  EXPECT_FALSE(std::filesystem::exists(folder / "a/report.html"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a/.new"));
  EXPECT_NE(read_text(folder / "a/checkpoint.safetensors"), before);
}

TEST(Training, StopsInOneLineWhenTheLossIsNotFinite) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  recipe.network.layers = {"linear(outputs=3, weights=real)"};
  recipe.optimizer.rate = 1e37;
  const auto error = error_of([&] { train(recipe, {.out = folder / "a"}); });
  EXPECT_NE(error.find("the loss is "), std::string::npos) << error;
  EXPECT_NE(error.find("; layer 0.linear is the first whose output"),
            std::string::npos)
      << error;
  EXPECT_EQ(error.find('\n'), std::string::npos);
}

TEST(Checkpoint, RefusesDamagedAndForeignFiles) {
  const TempFolder folder;
  const auto recipe = tiny_recipe(folder);
  train(recipe, {.out = folder / "a"});
  const auto path = folder / "a/checkpoint.safetensors";
  const auto good = load_safetensors(path);
  const auto refused = [&](const Safetensors& contents) {
    save_safetensors(path, contents);
    return error_of([&] { load_run(folder / "a"); });
  };
  auto foreign = good;
  foreign.metadata.erase("format");
  EXPECT_NE(refused(foreign).find("is not a checkpoint"), std::string::npos);
  auto newer = good;
  newer.metadata["format"] = "signet-checkpoint-99";
  EXPECT_NE(refused(newer).find("another version"), std::string::npos);
  auto lacking = good;
  lacking.tensors.erase("network.0.latent");
  EXPECT_NE(refused(lacking).find("lacks '0.latent'"), std::string::npos);
  auto strange = good;
  strange.tensors["network.zzz"] = good.tensors.at("network.0.latent");
  EXPECT_NE(refused(strange).find("'zzz'"), std::string::npos);
  auto narrow = good;
  narrow.tensors["network.0.latent"].shape = {8, 72};
  EXPECT_NE(refused(narrow).find("must be [16, 36]"), std::string::npos);
  auto unreadable = good;
  unreadable.metadata["epoch"] = "two";
  EXPECT_NE(refused(unreadable).find("must be a whole number"),
            std::string::npos);
  save_safetensors(path, good);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 3);
  const auto error = error_of([&] { load_run(folder / "a"); });
  EXPECT_NE(error, "no error");
  EXPECT_EQ(error.find('\n'), std::string::npos);
  EXPECT_NE(error_of([&] { load_run(folder / "none"); }).find("no such folder"),
            std::string::npos);
}

}  // namespace
}  // namespace signet

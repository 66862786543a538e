#include "signet/experiments/checkpoint.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "signet/core/estimator.h"
#include "signet/data/safetensors.h"
#include "signet/experiments/run_folder.h"
#include "signet/experiments/training.h"
#include "signet/experiments/training_run.h"
#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

void set_first(Safetensors& file, const std::string& name, float value) {
  std::memcpy(file.tensors.at(name).bytes.data(), &value, sizeof value);
}

/// Half as many bytes of another type.
void as_i64(Safetensors& file, const std::string& name) {
  auto& tensor = file.tensors.at(name);
  tensor.dtype = "I64";
  tensor.bytes.resize(2 * tensor.bytes.size());
}

/// A run whose estimator learns, and what its checkpoint says.
class LyingCheckpoint : public testing::Test {
 protected:
  LyingCheckpoint() : recipe_(tiny_recipe(folder_)) {
    recipe_.train.estimator = "reinforce(baseline=unit)";
    train(recipe_, {.out = run_});
    good_ = load_safetensors(path_);
  }

  /// What resuming says of the checkpoint that `change` makes.
  std::string resumed(const std::function<void(Safetensors&)>& change) {
    auto file = good_;
    change(file);
    save_safetensors(path_, file);
    const auto before = read_text(path_);
    const auto error =
        error_of([&] { train(recipe_, {.out = run_, .resume = true}); });
    EXPECT_EQ(read_text(path_), before);
    EXPECT_EQ(error.find('\n'), std::string::npos);
    return error;
  }
  std::string loaded(const std::function<void(Safetensors&)>& change) {
    auto file = good_;
    change(file);
    save_safetensors(path_, file);
    return error_of([&] { load_run(run_); });
  }
  std::string name_of(const std::string& owner) const {
    for (const auto& [name, tensor] : good_.tensors)
      if (name.starts_with(owner + ".")) return name;
    return "none";
  }

  TempFolder folder_;
  Recipe recipe_;
  std::filesystem::path run_ = folder_ / "run",
                        path_ = run_ / "checkpoint.safetensors";
  Safetensors good_;
};

void expect_part(const std::string& error, const std::string& part) {
  EXPECT_NE(error.find(part), std::string::npos) << error << "\nlacks " << part;
}

TEST_F(LyingCheckpoint, CountsAreWholeNumbersThatGoTogether) {
  EXPECT_EQ(resumed([](auto&) {}), "no error");
  const auto with = [&](const std::string& key, const std::string& value) {
    const auto change = [&](Safetensors& file) { file.metadata[key] = value; };
    const auto error = resumed(change);
    expect_part(error, path_.string() + ": ");
    return error;
  };
  for (const std::string key : {"epoch", "steps", "threads"}) {
    for (const std::string value : {"-1", "100000000000000000000", "1e20", "2x",
                                    " 2", "", "nan", "2.0"}) {
      expect_part(with(key, value), "metadata '" + key +
                                        "' must be a whole number from 0 on, "
                                        "but got '" +
                                        value + "'");
    }
  }
  expect_part(with("epoch", "1000000000000"), "must be of epoch 0 to 2");
  expect_part(with("epoch", "3"), "must be of epoch 0 to 2");
  expect_part(with("epoch", "1"), "must be of step 12, 12 an epoch, but is of");
  expect_part(with("epoch", "0"), "must have as many steps in each of its 0");
  expect_part(with("steps", "25"), "must have as many steps in each of its 2");
  expect_part(with("steps", "26"), "must be of step 24, 12 an epoch");
  expect_part(with("steps", "0"), "must have as many steps in each of its 2");
  expect_part(with("inputs", "35"), "must be of inputs ");
  for (const std::string value : {"-1", "3", "100000000000000000000"}) {
    const auto change = [&](auto& file) { file.metadata["epoch"] = value; };
    EXPECT_NE(loaded(change), "no error") << value;
  }
  EXPECT_NE(loaded([&](auto& file) { file.metadata["steps"] = "25"; }),
            "no error");
}

// As eval, export and --from read it.
TEST_F(LyingCheckpoint, NetworksAreFinite) {
  const float nan = std::nanf(""), infinity = INFINITY;
  for (const auto& [name, tensor] : good_.tensors) {
    if (!name.starts_with("network.") || tensor.dtype != "F32") continue;
    for (const float value : {nan, infinity, -infinity}) {
      const auto change = [&, &name = name](auto& file) {
        set_first(file, name, value);
      };
      expect_part(loaded(change), path_.string() + ": '" + name +
                                      "' must hold finite numbers, but got ");
      expect_part(resumed(change), "must hold finite numbers");
    }
    if (name.ends_with("_var")) {
      expect_part(
          loaded([&, &name = name](auto& file) { set_first(file, name, -1); }),
          "must hold variances, but got -1");
    }
  }
}

TEST_F(LyingCheckpoint, EveryTensorIsThereAndOfItsShapeAndType) {
  for (const auto& item : good_.tensors) {
    const auto& name = item.first;
    const auto& tensor = item.second;
    const auto own = name.substr(name.find('.') + 1);
    const auto change = [&](const std::function<void(Safetensors&)>& f) {
      const auto error = resumed(f);
      expect_part(error, path_.string() + ": ");
      return error;
    };
    if (!is_optional(name)) {
      expect_part(change([&](auto& file) { file.tensors.erase(name); }),
                  "'" + own + "'");
    }
    expect_part(
        change([&](auto& file) { file.tensors.at(name).shape.push_back(1); }),
        " must be ");
    if (tensor.dtype == "F32") {
      expect_part(change([&](auto& file) { as_i64(file, name); }),
                  " must be of type ");
    }
    expect_part(change([&](auto& file) {
                  file.tensors[name + "x"] = file.tensors.at(name);
                }),
                own + "x'");
  }
  for (const std::string owner : {"optimizer", "estimator"}) {
    const auto name = name_of(owner);
    ASSERT_NE(name, "none") << owner;
    expect_part(
        resumed([&](auto& file) { set_first(file, name, std::nanf("")); }),
        "'" + name + "' must hold numbers, but got NaN");
  }
}

TEST_F(LyingCheckpoint, RowsOfMetricsAreThoseOfItsEpochs) {
  const auto metrics = run_ / "metrics.csv";
  const auto good = read_text(metrics);
  const auto header = good.substr(0, good.find('\n') + 1);
  const auto first = good.substr(
      header.size(), good.find('\n', header.size()) + 1 - header.size());
  const auto second = good.substr(header.size() + first.size());
  const auto error = [&](const std::string& text) {
    write_atomically(metrics, text);
    const auto message =
        error_of([&] { train(recipe_, {.out = run_, .resume = true}); });
    if (message != "no error") EXPECT_EQ(read_text(metrics), text);
    return message;
  };
  EXPECT_EQ(error(good), "no error");
  expect_part(error(header + first),
              "metrics.csv: must have a row for each of the 2 epochs of the "
              "checkpoint beside it, but has 1");
  expect_part(error(header), "but has 0");
  expect_part(error(header + second), "row 1 must be of epoch 1");
  expect_part(error(header + second + first), "row 1 must be of epoch 1");
  expect_part(error(header + first + first), "row 2 must be of epoch 2");
  expect_part(error(header + first + "2,13" + second.substr(4)),
              "row 2 must be of step 24");
  EXPECT_NE(error(""), "no error");
  std::filesystem::remove(metrics);
  expect_part(error_of([&] { train(recipe_, {.out = run_, .resume = true}); }),
              "metrics.csv: could not open the file");
}

TEST_F(LyingCheckpoint, TheRecipeBesideItIsItsOwn) {
  const auto file = run_ / "recipe.toml";
  auto other = parse_recipe(read_text(file), "recipe");
  other.data.folder = "moved";
  write_atomically(file, recipe_text(other));
  EXPECT_EQ(error_of([&] { load_run(run_); }), "no error");
  other.network.layers.front() = "linear(outputs=17)";
  write_atomically(file, recipe_text(other));
  expect_part(error_of([&] { load_run(run_); }),
              "recipe.toml: must be the recipe of the checkpoint beside it, "
              "but network.layers");
  std::filesystem::remove(file);
  EXPECT_EQ(error_of([&] { load_run(run_); }), "no error");
}

// What a step leaves is what resuming asks for, whatever trains.
TEST(Checkpoint, EveryEstimatorAndRuleIsResumed) {
  const TempFolder folder;
  auto recipe = tiny_recipe(folder);
  write_tiny_data(folder / "data", 30, 10);
  recipe.train = {.epochs = 1, .batch = 20};
  recipe.network.layers = {"linear(outputs=4)", "batch-norm", "units",
                           "linear(outputs=3, weights=real, bias=true)"};
  const auto data =
      load_dataset({.name = "idx", .folder = folder / "data"}, Part::train);
  const auto resumed = [&] {
    TrainingRun run(recipe, data);
    run.start();
    run.train_epoch(1);
    run.save(folder / "one", 1);
    return error_of([&] {
      TrainingRun(recipe, data).load(load_checkpoint(folder / "one"));
    });
  };
  for (const auto& estimator : table<Estimator>()) {
    recipe.train.estimator = estimator.name;
    EXPECT_EQ(resumed(), "no error") << estimator.name;
  }
  recipe.train.estimator = "st";
  for (const auto& rule : table<WeightRule>()) {
    recipe.optimizer.weights = rule.name;
    EXPECT_EQ(resumed(), "no error") << rule.name;
    for (const auto& p : rule.parameters) {
      for (const auto& choice : p.choices) {
        recipe.optimizer.weights =
            rule.name + "(" + p.name + "=" + choice + ")";
        EXPECT_EQ(resumed(), "no error") << recipe.optimizer.weights;
      }
    }
  }
}

}  // namespace
}  // namespace signet

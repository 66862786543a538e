// Killed, or refused, at every single call that changes a file: the folder has
// the old state or the new one, and the next call ends the work with the bytes
// of one that was left alone.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "signet/data/run_files.h"
#include "signet/data/safetensors.h"
#include "signet/experiments/reproduction.h"
#include "signet/experiments/run_folder.h"
#include "signet/experiments/training.h"
#include "signet/export/export_model.h"
#include "tests/experiments/tiny_run.h"
#include "tests/faults/injection.h"

namespace signet {
namespace {

namespace fs = std::filesystem;
using Work = std::function<void()>;
using Files = std::map<std::string, std::string>;

/// Ends of a child: 0, 1 for an exception, 128 + a signal.
struct End {
  int status = 0;
  long calls = 0;
};

/// Runs the work in a process of its own, on one thread. This process never
/// computes with LibTorch, whose threads a fork would lose.
End run(const Work& work, const Fault& fault) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("pipe");
  const pid_t child = fork();
  if (child == 0) {
    if (!freopen("/dev/null", "w", stderr)) _exit(126);
    at::set_num_threads(1);
    int status = 0;
    arm(fault);
    try {
      work();
    } catch (const std::exception& error) {
      status =
          std::string(error.what()).find('\n') == std::string::npos ? 1 : 2;
    }
    const long calls = counted_calls();
    arm({});
    const bool told = write(ends[1], &calls, sizeof calls) == sizeof calls;
    _exit(told ? status : 3);
  }
  close(ends[1]);
  End end;
  if (read(ends[0], &end.calls, sizeof end.calls) < 0) end.calls = -1;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return end;
}

/// Time is what two runs may differ in, and who was the last to lock.
std::string lasting(const fs::path& path) {
  if (path.filename() == ".lock") return "";
  const auto text = read_text(path);
  if (path.filename() == "metrics.csv" && text.find('\n') != std::string::npos)
    return lasting_metrics(path.parent_path());
  if (path.extension() != ".json" || path.filename() == "results.json")
    return text;
  auto record = nlohmann::json::parse(text);
  record.erase("seconds");
  record.erase("time");
  return record.dump();
}

Files files_in(const fs::path& folder) {
  Files files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    files[entry.path().lexically_relative(folder)] = lasting(entry.path());
  }
  return files;
}

std::string names(const Files& files) {
  std::string text;
  for (const auto& [name, bytes] : files)
    text += name + " (" + std::to_string(bytes.size()) + ") ";
  return text;
}

/// How a piece of work is tried.
struct Trial {
  fs::path folder;  ///< that it writes
  Work prepare;     ///< puts the folder in its old state
  Work work;
  Work finish;  ///< what a user does after a kill or an error
  /// What is wrong with the folder as it was left, or nothing.
  std::function<std::string(const Files& old, const Files& last)> wrong;
};

void try_every_call(const Trial& trial) {
  const auto fresh = [&] {
    fs::remove_all(trial.folder);
    trial.prepare();
    return files_in(trial.folder);
  };
  const auto old = fresh();
  const auto whole = run(trial.work, {.folder = trial.folder});
  ASSERT_EQ(whole.status, 0);
  ASSERT_GT(whole.calls, 5) << "are the calls seen?";
  const auto last = files_in(trial.folder);
  // Set by the test that ctest calls long.
  const bool every = std::getenv("SIGNET_EVERY_FAULT") != nullptr;
  for (long at = 1; at <= whole.calls; ++at) {
    const auto errors = every        ? std::vector<int>{0, EIO, ENOSPC}
                        : at % 2 > 0 ? std::vector<int>{0, EIO}
                                     : std::vector<int>{0, ENOSPC};
    for (const int error : errors) {
      fresh();
      const auto end = run(trial.work, {trial.folder, at, error});
      const auto where = "call " + std::to_string(at) + " of " +
                         std::to_string(whole.calls) + ", error " +
                         std::to_string(error);
      if (error == 0) {
        ASSERT_EQ(end.status, 128 + SIGKILL) << where;
      } else {
        // A call that does not matter may fail unnoticed.
        ASSERT_LE(end.status, 1) << where;
      }
      const auto left = files_in(trial.folder);
      ASSERT_EQ(trial.wrong(old, last), "") << where << ": " << names(left);
      if (end.status == 0) {
        ASSERT_TRUE(left == last) << where << " is no success: " << names(left);
      }
      ASSERT_EQ(run(trial.finish, {}).status, 0) << where;
      const auto finished = files_in(trial.folder);
      ASSERT_EQ(names(finished), names(last)) << where;
      ASSERT_TRUE(finished == last) << where;
    }
  }
}

/// What a reader of the run sees.
Files run_in(const fs::path& folder) {
  Files files;
  for (const auto* name :
       {"recipe.toml", "metrics.csv", "checkpoint.safetensors", "confusion.csv",
        "results.json"}) {
    const auto path = run_file(folder, name);
    if (fs::exists(path)) files[name] = lasting(path);
  }
  return files;
}

/// A checkpoint is whole, and has the recipe that lies beside it.
std::string wrong_run(const fs::path& folder) {
  const auto path = run_file(folder, "checkpoint.safetensors");
  if (!fs::exists(path)) return "";
  const auto recipe = read_text(run_file(folder, "recipe.toml"));
  const auto error = error_of([&] {
    if (load_safetensors(path).metadata.at("recipe") != recipe)
      throw std::runtime_error("the recipe is another");
  });
  return error == "no error" ? "" : error;
}

class Faults : public testing::Test {
 protected:
  Faults() : out_(folder_.path() / "run") {
    recipe_ = tiny_recipe(folder_);
    write_tiny_data(folder_ / "data", 40, 12);
    recipe_.network.layers = {"linear(outputs=4)", "batch-norm", "units",
                              "linear(outputs=3)", "batch-norm"};
    recipe_.train.precision = "fp32";
  }

  Work trains(const Recipe& recipe, bool resume, bool overwrite = false) const {
    return [=, this] {
      train(recipe, {.out = out_,
                     .resume = resume,
                     .overwrite = overwrite,
                     .command = "signet train"});
    };
  }
  Recipe another() const {
    auto recipe = recipe_;
    recipe.seed = 7;
    return recipe;
  }
  /// Copies what `work` leaves, stopped at the call where `reached` holds.
  void snapshot(const Work& work, const std::function<bool()>& reached,
                const fs::path& copy) {
    const long calls = run(work, {.folder = out_}).calls;
    for (long at = 1; at <= calls; ++at) {
      fs::remove_all(out_);
      run(work, {out_, at, 0});
      if (!reached()) continue;
      fs::copy(out_, copy);
      return;
    }
    FAIL() << "no such moment";
  }

  TempFolder folder_;
  fs::path out_;
  Recipe recipe_;
};

TEST_F(Faults, TrainAnew) {
  try_every_call(
      {.folder = out_,
       .prepare = [] {},
       .work = trains(recipe_, false),
       .finish = trains(recipe_, true),
       .wrong = [&](const Files&, const Files&) { return wrong_run(out_); }});
}

TEST_F(Faults, Resume) {
  const auto copy = folder_ / "copy";
  snapshot(
      trains(recipe_, false),
      [&] {
        return fs::exists(out_ / "checkpoint.safetensors") &&
               read_csv(out_ / "metrics.csv").rows.size() == 2;
      },
      copy);
  try_every_call(
      {.folder = out_,
       .prepare = [&] { fs::copy(copy, out_); },
       .work = trains(recipe_, true),
       .finish = trains(recipe_, true),
       .wrong = [&](const Files&, const Files&) { return wrong_run(out_); }});
}

// Before the new run has a checkpoint the old one is as it was, its results
// and all; from then on the folder is the new run.
TEST_F(Faults, Overwrite) {
  const auto copy = folder_ / "copy";
  ASSERT_EQ(run(trains(another(), false), {}).status, 0);
  fs::rename(out_, copy);
  const auto old = run_in(copy);
  ASSERT_EQ(old.size(), 5U);
  const auto is_new = [&] {
    return read_text(run_file(out_, "recipe.toml")) == recipe_text(recipe_);
  };
  long seen_old = 0, seen_new = 0;
  try_every_call({.folder = out_,
                  .prepare = [&] { fs::copy(copy, out_); },
                  .work = trains(recipe_, false, true),
                  .finish = [&] { trains(recipe_, is_new(), !is_new())(); },
                  .wrong = [&](const Files&, const Files&) -> std::string {
                    const auto now = run_in(out_);
                    ++(is_new() ? seen_new : seen_old);
                    if (!is_new()) return now == old ? "" : "the old run broke";
                    for (const auto& [name, bytes] : old) {
                      if (now.contains(name) && now.at(name) == bytes)
                        return name + " is of the old run";
                    }
                    return wrong_run(out_);
                  }});
  EXPECT_GT(seen_old, 20);
  EXPECT_GT(seen_new, 20);
}

TEST_F(Faults, RecordOfAnEvaluation) {
  const auto copy = folder_ / "copy";
  ASSERT_EQ(run(trains(recipe_, false), {}).status, 0);
  fs::rename(out_, copy);
  const std::vector<report::ResultRecord> records = {{.name = "a"}};
  const Work record = [&] {
    if (!record_results({out_}, records, "signet eval")) _exit(4);
  };
  try_every_call(
      {.folder = out_,
       .prepare = [&] { fs::copy(copy, out_); },
       .work = record,
       // Another record would be a second one.
       .finish =
           [&] {
             if (report::read_results(out_ / "results.json").size() == 1)
               record();
           },
       .wrong =
           [&](const Files& old, const Files& last) {
             const auto now = run_in(out_).at("results.json");
             return now == old.at("results.json") ||
                            now == last.at("results.json")
                        ? ""
                        : "results.json is neither";
           }});
}

TEST_F(Faults, Export) {
  ASSERT_EQ(run(trains(recipe_, false), {}).status, 0);
  const auto models = folder_ / "models";
  const auto model = models / "m.signet";
  const Work work = [&] {
    const auto trained = load_run(out_);
    const auto test =
        load_dataset({.name = "idx", .folder = folder_ / "data"}, Part::test);
    export_model(*trained.network, "tiny", test, {}, model);
  };
  try_every_call({.folder = models,
                  .prepare =
                      [&] {
                        fs::create_directory(models);
                        std::ofstream(model) << "an older model";
                      },
                  .work = work,
                  .finish = work,
                  .wrong =
                      [&](const Files& old, const Files& last) {
                        const auto now = read_text(model);
                        return now == old.at("m.signet") ||
                                       now == last.at("m.signet")
                                   ? ""
                                   : "the model is neither";
                      }});
}

TEST_F(Faults, Reproduce) {
  const auto records = folder_ / "records";
  const auto* experiment =
      &find_record<Experiment>("experiment", "noise-and-proxies");
  const Work work = [&] {
    const auto ended = reproduce(
        {experiment}, {.folder = records, .scale = Scale::quick, .seeds = 2});
    if (!ended.front().failure.empty())
      throw std::runtime_error(ended.front().failure);
  };
  try_every_call({.folder = records,
                  .prepare = [] {},
                  .work = work,
                  .finish = work,
                  .wrong =
                      [&](const Files&, const Files& last) {
                        const auto now = files_in(records);
                        const auto name = experiment->name + ".json";
                        return !now.contains(name) ||
                                       now.at(name) == last.at(name)
                                   ? ""
                                   : "the record is neither";
                      }});
}

}  // namespace
}  // namespace signet

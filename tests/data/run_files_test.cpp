#include "signet/data/run_files.h"

#include <gtest/gtest.h>

#include "signet/data/atomic_file.h"
#include "signet/data/metrics.h"
#include "tests/data/error_of.h"
#include "tests/data/temp_folder.h"

namespace signet {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kNames = {"recipe.toml", "metrics.csv",
                                         "confusion.csv", "results.json",
                                         "checkpoint.safetensors"};

void write_run(const fs::path& folder, const std::string& text) {
  fs::create_directories(folder);
  for (const auto& name : kNames) write_atomically(folder / name, text);
}

/// What a reader sees, "" for no file.
std::string seen(const fs::path& folder, const std::string& name) {
  const auto path = run_file(folder, name);
  if (!fs::exists(path)) return "";
  const auto bytes = read_file(path);
  return {bytes.begin(), bytes.end()};
}

TEST(RunFiles, ANewRunCountsFromItsCheckpointOn) {
  const TempFolder folder;
  const auto run = folder / "run", next = replacing_folder(run);
  write_run(run, "old");
  write_atomically(run / "notes.txt", "mine");
  fs::create_directories(next);
  for (const auto* name : {"recipe.toml", "metrics.csv"})
    write_atomically(next / name, "new");
  for (const auto& name : kNames) EXPECT_EQ(seen(run, name), "old");

  write_atomically(next / "checkpoint.safetensors", "new");
  const auto is_new = [&] {
    for (const auto& name : kNames) {
      const bool later = name == "confusion.csv" || name == "results.json";
      EXPECT_EQ(seen(run, name), later ? "" : "new") << name;
    }
  };
  is_new();
  // Killed while files move up.
  fs::remove(run / "results.json");
  fs::rename(next / "recipe.toml", run / "recipe.toml");
  is_new();
  for (int i = 0; i < 2; ++i) {
    settle_run(run);
    is_new();
    EXPECT_FALSE(fs::exists(next));
  }
  EXPECT_EQ(seen(run, "notes.txt"), "mine");
}

TEST(RunFiles, ANewRunWithoutACheckpointGoes) {
  const TempFolder folder;
  const auto run = folder / "run";
  write_run(run, "old");
  fs::create_directories(replacing_folder(run));
  write_atomically(replacing_folder(run) / "recipe.toml", "new");
  settle_run(run);
  EXPECT_FALSE(fs::exists(replacing_folder(run)));
  for (const auto& name : kNames) EXPECT_EQ(seen(run, name), "old");
}

TEST(Metrics, NoticesLostDoubledAndMovedRows) {
  const TempFolder folder;
  const auto error = [&](const std::string& rows) {
    write_atomically(folder / "m.csv", "epoch,x\n" + rows);
    return error_of([&] { check_epochs(read_csv(folder / "m.csv")); });
  };
  EXPECT_EQ(error(""), "no error");
  EXPECT_EQ(error("1,a\n2,b\n3,c\n"), "no error");
  EXPECT_PRED2(contains, error("1,a\n3,c\n"),
               "m.csv: row 2 must be of epoch 2, but got epoch \"3\": a row is "
               "lost, doubled or moved");
  EXPECT_PRED2(contains, error("2,b\n3,c\n"), "row 1 must be of epoch 1");
  EXPECT_PRED2(contains, error("1,a\n1,a\n"), "row 2 must be of epoch 2");
  EXPECT_PRED2(contains, error("2,b\n1,a\n"), "row 1 must be of epoch 1");
  EXPECT_PRED2(contains, error("1,a\nnan,b\n"), "but got epoch \"nan\"");
}

}  // namespace
}  // namespace signet

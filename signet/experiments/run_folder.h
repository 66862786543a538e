#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "signet/data/run_files.h"
#include "signet/experiments/checkpoint.h"
#include "signet/experiments/recipe.h"
#include "signet/report/results.h"

namespace signet {

/// Where a run keeps what, see data/run_files.h.
struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path recipe() const { return file("recipe.toml"); }
  std::filesystem::path metrics() const { return file("metrics.csv"); }
  std::filesystem::path checkpoint() const {
    return file("checkpoint.safetensors");
  }
  std::filesystem::path results() const { return file("results.json"); }
  std::filesystem::path confusion() const { return file("confusion.csv"); }

  std::filesystem::path file(const char* name) const {
    return run_file(path, name);
  }
  /// Before the work: whether the folder and what it holds can be written.
  /// Errors: throws if not, see check_output().
  void check_writable() const;
};

/// A trained network read back from a run folder, in evaluation mode.
struct TrainedRun {
  RunFolder folder;
  Recipe recipe;
  int64_t epoch = 0;
  std::shared_ptr<Network> network;
  /// fingerprint() of the data set's parts; "" if an older version trained it.
  std::string train_data = {}, test_data = {};
};

/// Errors: UsageError if the folder is no run or was killed before its first
/// checkpoint, or the checkpoint does not fit its recipe or recipe.toml.
TrainedRun load_run(const std::filesystem::path& folder);

/// Adds records to results.json, whole or not at all. Takes the folder's lock
/// for it, and waits for others that append. `command` is ours, as they see it.
/// Returns false, having done nothing, where we may not write: a disk that is
/// read-only, a run of somebody else.
/// Errors: throws if the folder is in use (a training) or cannot be written,
/// or as appended_results.
[[nodiscard]] bool record_results(const RunFolder& folder,
                                  std::span<const report::ResultRecord> records,
                                  const std::string& command);

}  // namespace signet

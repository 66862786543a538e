#pragma once

#include <filesystem>
#include <memory>

#include "signet/experiments/checkpoint.h"
#include "signet/experiments/recipe.h"

namespace signet {

/// Where a run keeps what.
struct RunFolder {
  std::filesystem::path path;

  std::filesystem::path recipe() const { return path / "recipe.toml"; }
  std::filesystem::path metrics() const { return path / "metrics.csv"; }
  std::filesystem::path checkpoint() const {
    return path / "checkpoint.safetensors";
  }
  std::filesystem::path results() const { return path / "results.json"; }
  std::filesystem::path confusion() const { return path / "confusion.csv"; }
};

/// A trained network read back from a run folder, in evaluation mode.
struct TrainedRun {
  RunFolder folder;
  Recipe recipe;
  int64_t epoch = 0;
  std::shared_ptr<Network> network;
};

/// Errors: UsageError if the folder is no run or was killed before its first
/// checkpoint.
TrainedRun load_run(const std::filesystem::path& folder);

}  // namespace signet

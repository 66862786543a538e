#pragma once

#include <string>
#include <utility>
#include <vector>

#include "signet/experiments/run_folder.h"

namespace signet {

/// Runs that repeat one another: of one recipe, data set and number of epochs
/// done, whatever their seeds, names and folders are.
struct RunGroup {
  std::vector<size_t> runs;  ///< places in the list, in its order
  /// What not all groups have in common: a key of the recipe or "epochs done",
  /// and its value here; of data.folder also the fingerprints of both parts.
  /// The same keys in every group; empty if there is one group.
  std::vector<std::pair<std::string, std::string>> settings = {};
};

/// Divides runs into groups, in the order of their first runs. Data sets are
/// told apart by their fingerprints, or if an older version of signet trained
/// one of the runs by their folders.
std::vector<RunGroup> group_runs(const std::vector<TrainedRun>& runs);

/// Runs of one group with the same seed, by their places: they are no repeats,
/// and a standard error that counts them as such is too small.
std::vector<std::pair<size_t, size_t>> same_seeds(
    const std::vector<TrainedRun>& runs, const RunGroup& group);

}  // namespace signet

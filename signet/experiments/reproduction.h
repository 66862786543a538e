#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "signet/experiments/experiment_record.h"

namespace signet {

struct ReproductionOptions {
  std::filesystem::path folder;  ///< of the records; made if absent
  Scale scale = Scale::normal;
  int64_t seeds = 5;
  DatasetOptions images = {};  ///< of experiments on images
  int jobs = 1;                ///< experiments at a time, a thread each
  bool again = false;          ///< also those whose record is there
  std::string command = {};    ///< how it was started, for whom it locks out
};

/// How one experiment ended.
struct Reproduced {
  const Experiment* experiment;
  bool kept = false;    ///< its record, of the same settings, was there
  double seconds = 0;   ///< that it took
  std::string failure;  ///< empty, or one line of why there is no record
};

/// Runs experiments, alone in their folder, and writes the record of each as
/// soon as it ends, so an interrupted call goes on with the experiment that it
/// was in. One that fails does not stop the others. Those that take longest
/// start first. Shows a progress bar; `ended` is called for each, in the order
/// of ending. Errors: throws if another process has the folder, see FolderLock.
std::vector<Reproduced> reproduce(
    const std::vector<const Experiment*>& experiments,
    const ReproductionOptions& options,
    const std::function<void(const Reproduced&)>& ended = {});

/// What an experiment is expected to take, in seconds.
double expected_seconds(const Experiment& experiment, Scale scale);

/// "signet reproduce r2rt-depth --quick --seeds 3"
std::string reproduce_command(const std::string& experiment,
                              const ReproductionOptions& options);

}  // namespace signet

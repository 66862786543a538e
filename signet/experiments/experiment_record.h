#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "signet/experiments/experiment.h"

namespace signet {

/// One experiment that was run: what its JSON file holds. A page is made of
/// such records alone, so that it can be made again without running anything.
struct ExperimentRecord {
  std::string name;
  Scale scale = Scale::normal;
  int64_t seeds = 1;
  std::string data_set;  ///< "fashion-mnist"
  double seconds = 0;    ///< that it took
  std::string machine;   ///< processor, instruction set, cores
  std::string command;   ///< that repeats it
  std::string time;      ///< when it ended, ISO 8601
  Findings findings;
  /// What was measured for each claim, in the words of Claim::measured then.
  std::map<std::string, std::string> meanings = {};
};

/// The statistic of a claim; null if the record has none, or one of another
/// meaning than the claim has now.
const Statistic* measured_of(const Claim& claim,
                             const ExperimentRecord& record);

/// FOLDER/NAME.json
std::filesystem::path record_path(const std::filesystem::path& folder,
                                  const std::string& experiment);

/// Writes it whole or not at all.
void write_record(const std::filesystem::path& folder,
                  const ExperimentRecord& record);

/// Nothing if there is no such file.
/// Errors: UsageError, one line that names the file, if it is no record.
std::optional<ExperimentRecord> read_record(const std::filesystem::path& folder,
                                            const std::string& experiment);

/// What was found of a claim. Where nothing was measured of it: needs_data if
/// it is of another data set, else cannot_be_told.
Finding finding_of(const Claim& claim, const ExperimentRecord& record);

}  // namespace signet

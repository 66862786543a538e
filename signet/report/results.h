#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace signet::report {

/// One measured figure, as results.json holds it.
struct ResultRecord {
  std::string name = "";  ///< what was measured, such as "test accuracy"
  double value = 0;       ///< finite
  std::string unit = "";  ///< "", "%", "s", ...
  std::optional<double> standard_error = {};
  std::optional<int64_t> seed = {};
  std::optional<int64_t> threads = {};  ///< on which its bits depend
  std::string command = "";             ///< that repeats the measurement
  std::string time = "";  ///< when it was measured, ISO 8601; or empty
};

/// Reads the records of a file, a JSON array of objects; keys that it does not
/// know are ignored.
/// Errors: throws if the file is absent or not such an array, naming the
/// record.
std::vector<ResultRecord> read_results(const std::filesystem::path& path);

/// The text of the file with these records at the end; an absent file is
/// begun. Records that are there stay as they are, whatever keys they have.
/// Errors: throws if the file is not such an array or a number is not finite.
std::string appended_results(const std::filesystem::path& path,
                             std::span<const ResultRecord> records);

}  // namespace signet::report

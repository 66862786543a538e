#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "signet/base/arguments.h"

namespace signet {

/// How far a run is.
struct TrainingTime {
  double epoch = 0;  ///< 0 at its start
  double share = 0;  ///< of the whole run, in [0, 1]
};

/// One row of the table of schedules: how a number changes while a run trains.
struct Schedule {
  std::string name;
  std::string formula;  ///< one line, in the words of `parameters`
  std::vector<Parameter> parameters;  ///< `start` is among them
  double (*value)(const Arguments& arguments, const TrainingTime& time);
};

/// A schedule with values for its parameters.
struct BoundSchedule {
  const Schedule* record;
  Arguments arguments;

  /// Errors: UsageError if a parameter is text that does not parse.
  double at(const TrainingTime& time) const;
};

/// Reads "cosine" or "linear(start=1, step=0.04, limit=5)".
/// Errors: UsageError for an unknown name, parameter or value, or a schedule
/// that moves away from its limit.
BoundSchedule parse_schedule(std::string_view spelling);

/// A line for each schedule: its parameters with their defaults, its formula.
std::string schedules_help();

}  // namespace signet

#pragma once

#include <string>
#include <vector>

#include "signet/experiments/experiment_record.h"

namespace signet {

/// The claims of all records with their numbers and verdicts, as Markdown:
/// docs/results.md. In the order of the page.
std::string reproduction_markdown(const std::vector<ExperimentRecord>& records,
                                  const std::string& command);

}  // namespace signet

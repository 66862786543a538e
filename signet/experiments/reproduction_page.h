#pragma once

#include <vector>

#include "signet/experiments/experiment_record.h"
#include "signet/report/page.h"

namespace signet {

/// The page of all records: an overview of the claims with their verdicts, then
/// a part a source and a section an experiment. Verdicts are computed here,
/// from the record's numbers and the claims of today's table.
/// Errors: UsageError if a record's experiment is not in the table.
report::Page reproduction_page(const std::vector<ExperimentRecord>& records,
                               const std::string& command);

/// A record and the experiment that it is of.
struct ExperimentSection {
  const Experiment* experiment;
  const ExperimentRecord* record;
};

/// By source in the order of years, then by name.
/// Errors: UsageError if a record's experiment is not in the table.
std::vector<ExperimentSection> in_page_order(
    const std::vector<ExperimentRecord>& records);

/// "0.731 (0.702 to 0.760)"; "0.731" where there is no chance in it.
std::string statistic_text(const Statistic& statistic);

/// "at least 0", "0.9 to 1.1"
std::string region_text(const Region& region);

}  // namespace signet

#pragma once

#include <string>
#include <vector>

#include "signet/experiments/evaluation.h"
#include "signet/experiments/run_groups.h"
#include "signet/report/results.h"

namespace signet {

/// What `signet eval` measured.
struct EvaluatedRuns {
  std::vector<std::string> paths;             ///< of the runs, as given
  std::vector<int64_t> samples;               ///< of the modes; 0 first
  std::vector<std::vector<Evaluation>> runs;  ///< [run][mode]
  std::vector<RunGroup> groups;
};

/// A table: a row for each run and mode, and for each group of several runs,
/// or each of several groups, its means.
void print_header();
void print_run(const EvaluatedRuns& all, size_t run);
void print_groups(const EvaluatedRuns& all);

/// The same as JSON: "groups", and where there is one also its "mode" and
/// "ensembles" at the top.
std::string eval_json(const EvaluatedRuns& all);

/// What results.json keeps of a run.
std::vector<report::ResultRecord> eval_records(const EvaluatedRuns& all,
                                               size_t run, int64_t seed,
                                               int64_t threads,
                                               const std::string& command);

}  // namespace signet

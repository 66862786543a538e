#include "cli/training/eval_output.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/json_text.h"
#include "signet/base/names.h"
#include "signet/base/number.h"
#include "signet/base/printable.h"
#include "signet/experiments/figure_over_runs.h"

namespace signet {
namespace {

/// One measured figure of an evaluation.
struct Quantity {
  const char* name;  ///< in results.json
  const char* key;   ///< in JSON
  int digits;        ///< in the table
  const char* unit;
  double (*read)(const Evaluation& e);
};

const Quantity kQuantities[] = {
    {"test accuracy", "accuracy_percent", 2, "%",
     [](const Evaluation& e) { return 100 * e.accuracy(); }},
    {"test negative log-likelihood", "loss_nats", 4, "nats",
     [](const Evaluation& e) { return e.loss; }},
    {"test calibration error", "calibration_error_percent", 2, "%",
     [](const Evaluation& e) { return 100 * e.calibration_error; }}};

std::string mode_name(int64_t samples) {
  if (samples == 0) return "mode network";
  return "ensemble of " + std::to_string(samples) +
         (samples == 1 ? " sample" : " samples");
}

void print_row(const std::string& first, const std::string& mode,
               const std::vector<std::string>& cells) {
  std::printf("%-28s  %-24s", first.c_str(), mode.c_str());
  for (const auto& cell : cells) std::printf("  %21s", cell.c_str());
  std::printf("\n");
}

/// One figure of a mode over the runs of a group.
FigureOverRuns figure(const EvaluatedRuns& all, const RunGroup& group,
                      size_t mode, const Quantity& quantity) {
  FigureOverRuns figure;
  for (const size_t run : group.runs)
    figure.values.push_back(quantity.read(all.runs[run][mode]));
  return figure;
}

void print_means(const EvaluatedRuns& all, const RunGroup& group) {
  const bool several = group.runs.size() > 1;
  for (size_t m = 0; m < all.samples.size(); ++m) {
    std::vector<std::string> cells;
    for (const auto& q : kQuantities) {
      const auto f = figure(all, group, m, q);
      cells.push_back(
          fixed_text(f.mean(), q.digits) + " " +
          (several ? "+- " + fixed_text(f.standard_error(), q.digits) + " "
                   : "") +
          q.unit);
    }
    const auto* name = several ? "mean +- standard error" : "one run";
    print_row(m == 0 ? name : "", mode_name(all.samples[m]), cells);
  }
}

nlohmann::json mode_json(const EvaluatedRuns& all, const RunGroup& group,
                         size_t mode) {
  nlohmann::json object;
  if (all.samples[mode] > 0) object["samples"] = all.samples[mode];
  for (const auto& q : kQuantities) {
    const auto f = figure(all, group, mode, q);
    object[q.key] = {{"values", f.values},
                     {"mean", f.mean()},
                     {"standard_error", f.standard_error()}};
  }
  return object;
}

nlohmann::json group_json(const EvaluatedRuns& all, const RunGroup& group) {
  nlohmann::json object = {{"runs", nlohmann::json::array()},
                           {"settings", nlohmann::json::object()},
                           {"mode", mode_json(all, group, 0)},
                           {"ensembles", nlohmann::json::array()}};
  for (const size_t run : group.runs) object["runs"].push_back(all.paths[run]);
  for (const auto& [key, value] : group.settings)
    object["settings"][key] = value;
  for (size_t m = 1; m < all.samples.size(); ++m)
    object["ensembles"].push_back(mode_json(all, group, m));
  return object;
}

}  // namespace

void print_header() {
  print_row("run", "mode", {"accuracy", "neg. log-likelihood", "ECE"});
}

void print_run(const EvaluatedRuns& all, size_t run) {
  for (size_t m = 0; m < all.samples.size(); ++m) {
    std::vector<std::string> cells;
    for (const auto& q : kQuantities)
      cells.push_back(fixed_text(q.read(all.runs[run][m]), q.digits) + " " +
                      q.unit);
    print_row(m == 0 ? printable(all.paths[run], 500) : "",
              mode_name(all.samples[m]), cells);
  }
}

void print_groups(const EvaluatedRuns& all) {
  if (all.groups.size() == 1) {
    if (all.paths.size() > 1) print_means(all, all.groups[0]);
    return;
  }
  std::printf(
      "\nThe runs are of %zu kinds, which differ by more than their seeds:\n",
      all.groups.size());
  for (const auto& group : all.groups) {
    std::vector<std::string> settings, paths;
    for (const auto& [key, value] : group.settings)
      settings.push_back(printable(key + " = " + value, 500));
    for (const size_t run : group.runs)
      paths.push_back(printable(all.paths[run], 500));
    std::printf("\n%s\n  %s\n", join(settings).c_str(), join(paths).c_str());
    print_means(all, group);
  }
}

std::string eval_json(const EvaluatedRuns& all) {
  nlohmann::json object = {{"runs", all.paths},
                           {"groups", nlohmann::json::array()}};
  for (const auto& group : all.groups)
    object["groups"].push_back(group_json(all, group));
  if (all.groups.size() == 1) {
    for (const auto* key : {"mode", "ensembles"})
      object[key] = object["groups"][0][key];
  }
  return json_text(object);
}

std::vector<report::ResultRecord> eval_records(const EvaluatedRuns& all,
                                               size_t run, int64_t seed,
                                               int64_t threads,
                                               const std::string& command) {
  std::vector<report::ResultRecord> records;
  for (size_t m = 0; m < all.samples.size(); ++m) {
    for (const auto& q : kQuantities) {
      records.push_back(
          {.name = std::string(q.name) + ", " + mode_name(all.samples[m]),
           .value = q.read(all.runs[run][m]),
           .unit = q.unit,
           .seed = seed,
           .threads = threads,
           .command = command});
    }
  }
  return records;
}

}  // namespace signet

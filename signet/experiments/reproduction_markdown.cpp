#include "signet/experiments/reproduction_markdown.h"

#include <map>

#include "signet/experiments/progress.h"
#include "signet/experiments/reproduction_page.h"

namespace signet {
namespace {

/// As a cell of a table.
std::string cell(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '|' ? "\\|" : std::string(1, c);
  return result;
}

std::string heading(const Experiment& experiment,
                    const ExperimentRecord& record) {
  return "\n### " + experiment.title + "\n\n`" + record.command +
         "`: " + (experiment.on_images ? record.data_set + ", " : "") +
         std::to_string(record.seeds) + " seeds, " +
         duration_text(record.seconds) + ", " + record.machine + ".\n\n" +
         "| claim | measured | verdict |\n| --- | --- | --- |\n";
}

std::string line(const Claim& claim, const ExperimentRecord& record) {
  std::string number = "-";
  if (claim.least > record.scale)
    number += " (for a run of " + scale_text(claim.least) + " scale)";
  if (const auto* statistic = measured_of(claim, record))
    number = claim.measured + ": " + statistic_text(*statistic) +
             "; holds if " + region_text(claim.holds);
  return "| " + cell(claim.sentence) + " (" + cell(claim.where) + ") | " +
         cell(number) + " | " + finding_text(finding_of(claim, record)) +
         " |\n";
}

}  // namespace

std::string reproduction_markdown(const std::vector<ExperimentRecord>& records,
                                  const std::string& command) {
  std::map<Finding, int> counts;
  std::string body, source;
  for (const auto& [experiment, record] : in_page_order(records)) {
    if (experiment->source.key != source) {
      source = experiment->source.key;
      body += "\n## " + experiment->source.title + "\n\n" +
              short_text(experiment->source) + "\n";
    }
    body += heading(*experiment, *record);
    for (const auto& claim : experiment->claims) {
      body += line(claim, *record);
      ++counts[finding_of(claim, *record)];
    }
  }
  std::string summary;
  for (const auto& [finding, count] : counts)
    summary += (summary.empty() ? "" : ", ") + std::to_string(count) + " " +
               finding_text(finding);
  return "# Results\n\nWhat the sources claim, and what was found here: " +
         summary +
         ".\nEvery verdict is computed: a claim is reproduced if the "
         "whole interval of what was\nmeasured (95 % over seeds unless the "
         "page says otherwise) lies where it holds,\nnot reproduced if none of "
         "it does. Written by `" +
         command + "`; do not edit.\n" + body;
}

}  // namespace signet

#include "signet/experiments/reproduction_page.h"

#include <algorithm>
#include <cmath>

#include "signet/base/number.h"
#include "signet/experiments/progress.h"

namespace signet {
namespace {

std::string short_text(double value) { return general_text(value, 3); }

report::Tone tone_of(Finding finding) {
  switch (finding) {
    case Finding::reproduced:
      return report::Tone::good;
    case Finding::not_reproduced:
      return report::Tone::bad;
    case Finding::cannot_be_told:
      return report::Tone::unsure;
    case Finding::needs_data:
      return report::Tone::absent;
  }
  return report::Tone::unsure;
}

std::string details(const Claim& claim, const Statistic* statistic) {
  std::string text = claim.where + ". Measured: " + claim.measured +
                     ". Holds if " + region_text(claim.holds);
  if (!claim.data.empty()) text += ", on " + claim.data;
  if (claim.least != Scale::quick)
    text += ", in a run of " + scale_text(claim.least) + " scale or more";
  if (statistic && statistic->confidence < 1) {
    text += ". Interval: " + general_text(100 * statistic->confidence, 6) +
            " %, n = " + std::to_string(statistic->n);
  }
  return text + ".";
}

report::Statements::Row row_of(const Claim& claim,
                               const ExperimentRecord& record) {
  const auto* statistic = measured_of(claim, record);
  const auto finding = finding_of(claim, record);
  return {.statement = claim.sentence,
          .details = details(claim, statistic),
          .found = statistic ? statistic_text(*statistic) : "",
          .verdict = finding_text(finding),
          .tone = tone_of(finding)};
}

report::Table settings_of(const ExperimentRecord& record) {
  report::Table table{.title = "Settings", .columns = {"", ""}};
  for (const auto& [key, value] : record.findings.settings)
    table.rows.push_back({key, value});
  table.rows.push_back({"seeds", std::to_string(record.seeds)});
  if (!record.findings.differs.empty())
    table.rows.push_back({"differs from the source", record.findings.differs});
  table.rows.push_back({"took", duration_text(record.seconds) + ", " +
                                    record.machine + ", one thread"});
  table.rows.push_back({"ended", record.time});
  table.rows.push_back({"command", record.command});
  return table;
}

void add_section(const ExperimentSection& section,
                 std::vector<report::Block>& blocks) {
  const auto& [experiment, record] = section;
  blocks.push_back(report::Heading{.title = experiment->title,
                                   .id = experiment->name,
                                   .body = experiment->summary,
                                   .level = 2});
  if (!experiment->claims.empty()) {
    report::Statements statements{.title = "Claims"};
    for (const auto& claim : experiment->claims)
      statements.rows.push_back(row_of(claim, *record));
    blocks.push_back(std::move(statements));
  }
  for (const auto& block : record->findings.blocks) blocks.push_back(block);
  blocks.push_back(settings_of(*record));
}

}  // namespace

std::string statistic_text(const Statistic& s) {
  const auto value = short_text(s.value);
  if (s.low == s.value && s.high == s.value) return value;
  if (std::isinf(s.low) || std::isinf(s.high)) return value + " (one value)";
  return value + " (" + short_text(s.low) + " to " + short_text(s.high) + ")";
}

std::string region_text(const Region& region) {
  const bool low = std::isfinite(region.from), high = std::isfinite(region.to);
  if (low && high)
    return short_text(region.from) + " to " + short_text(region.to);
  if (low) return "at least " + short_text(region.from);
  return "at most " + short_text(region.to);
}

std::vector<ExperimentSection> in_page_order(
    const std::vector<ExperimentRecord>& records) {
  std::vector<ExperimentSection> sections;
  for (const auto& record : records)
    sections.push_back(
        {&find_record<Experiment>("experiment", record.name), &record});
  std::stable_sort(sections.begin(), sections.end(),
                   [](const ExperimentSection& a, const ExperimentSection& b) {
                     const auto key = [](const ExperimentSection& s) {
                       return std::tie(s.experiment->source.year,
                                       s.experiment->source.key,
                                       s.experiment->name);
                     };
                     return key(a) < key(b);
                   });
  return sections;
}

report::Page reproduction_page(const std::vector<ExperimentRecord>& records,
                               const std::string& command) {
  const auto sections = in_page_order(records);
  report::Statements overview{.title = "All claims"};
  std::vector<int> counts(4);
  double seconds = 0;
  for (const auto& section : sections) {
    seconds += section.record->seconds;
    for (const auto& claim : section.experiment->claims) {
      auto row = row_of(claim, *section.record);
      row.link = section.experiment->name;
      row.details = short_text(section.experiment->source) + ", " + claim.where;
      overview.rows.push_back(std::move(row));
      ++counts[static_cast<size_t>(finding_of(claim, *section.record))];
    }
  }

  report::Page page{
      .title = "The papers, reproduced",
      .subtitle =
          std::to_string(sections.size()) +
          (sections.size() == 1 ? " experiment of " : " experiments of ") +
          "stochastic binary networks; every verdict is computed from "
          "an interval and the region in which the claim holds"};
  for (const auto finding : {Finding::reproduced, Finding::not_reproduced,
                             Finding::cannot_be_told, Finding::needs_data}) {
    const int count = counts[static_cast<size_t>(finding)];
    page.figures.push_back({.label = "Claims: " + finding_text(finding),
                            .value = std::to_string(count)});
  }
  page.figures.push_back({.label = "Time of all experiments",
                          .value = duration_text(seconds),
                          .note = "one core each"});
  page.blocks.push_back(std::move(overview));
  const Paper* source = nullptr;
  for (const auto& section : sections) {
    const auto& paper = section.experiment->source;
    if (!source || source->key != paper.key) {
      source = &paper;
      page.blocks.push_back(report::Heading{
          .title = paper.title, .id = paper.key, .body = short_text(paper)});
    }
    add_section(section, page.blocks);
  }
  page.footer = command;
  return page;
}

}  // namespace signet

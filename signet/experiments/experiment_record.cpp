#include "signet/experiments/experiment_record.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "signet/base/nesting.h"
#include "signet/data/atomic_file.h"
#include "signet/report/blocks_json.h"

namespace signet {
namespace {

using nlohmann::json;

constexpr int kVersion = 2;

// JSON has no infinity; an interval of one seed has two.
json to_json(const Statistic& s) {
  const auto bound = [](double v) {
    return std::isfinite(v) ? json(v) : json();
  };
  return {{"value", s.value},
          {"low", bound(s.low)},
          {"high", bound(s.high)},
          {"confidence", s.confidence},
          {"n", s.n}};
}

Statistic statistic_of(const json& j) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const auto bound = [&](const char* key, double missing) {
    return j.at(key).is_null() ? missing : j.at(key).get<double>();
  };
  return {.value = j.at("value"),
          .low = bound("low", -kInfinity),
          .high = bound("high", kInfinity),
          .confidence = j.at("confidence"),
          .n = j.at("n")};
}

json to_json(const Findings& findings) {
  json settings = json::array(), measured = json::object(),
       blocks = json::array();
  for (const auto& [key, value] : findings.settings)
    settings.push_back({key, value});
  for (const auto& [claim, statistic] : findings.measured)
    measured[claim] = to_json(statistic);
  for (const auto& block : findings.blocks)
    blocks.push_back(report::block_to_json(block));
  return {{"settings", settings},
          {"measured", measured},
          {"differs", findings.differs},
          {"blocks", blocks}};
}

Findings findings_of(const json& j) {
  Findings findings{.differs = j.at("differs")};
  for (const auto& pair : j.at("settings"))
    findings.settings.emplace_back(pair.at(0), pair.at(1));
  for (const auto& [claim, statistic] : j.at("measured").items())
    findings.measured[claim] = statistic_of(statistic);
  for (const auto& block : j.at("blocks"))
    findings.blocks.push_back(report::block_from_json(block));
  return findings;
}

}  // namespace

std::filesystem::path record_path(const std::filesystem::path& folder,
                                  const std::string& experiment) {
  return folder / (experiment + ".json");
}

void write_record(const std::filesystem::path& folder,
                  const ExperimentRecord& record) {
  const json j{{"version", kVersion},
               {"experiment", record.name},
               {"scale", scale_text(record.scale)},
               {"seeds", record.seeds},
               {"data_set", record.data_set},
               {"seconds", record.seconds},
               {"machine", record.machine},
               {"command", record.command},
               {"time", record.time},
               {"meanings", record.meanings},
               {"findings", to_json(record.findings)}};
  write_atomically(
      record_path(folder, record.name),
      j.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

std::optional<ExperimentRecord> read_record(const std::filesystem::path& folder,
                                            const std::string& experiment) {
  const auto path = record_path(folder, experiment);
  if (!std::filesystem::exists(path)) return std::nullopt;
  const auto bytes = read_file(path);
  check(json_nesting({reinterpret_cast<const char*>(bytes.data()),
                      bytes.size()}) <= kMaxNesting,
        path.string(),
        "must be a record that `signet reproduce` wrote, but has brackets "
        "within too many others");
  try {
    const auto j = json::parse(bytes);
    check(j.at("version") == kVersion && j.at("experiment") == experiment,
          path.string(),
          "must be a record of version " + std::to_string(kVersion) + " of " +
              experiment);
    return ExperimentRecord{
        .name = experiment,
        .scale = parse_scale(j.at("scale").get<std::string>()),
        .seeds = j.at("seeds"),
        .data_set = j.at("data_set"),
        .seconds = j.at("seconds"),
        .machine = j.at("machine"),
        .command = j.at("command"),
        .time = j.at("time"),
        .findings = findings_of(j.at("findings")),
        .meanings = j.at("meanings")};
  } catch (const json::exception&) {
    throw UsageError(path.string() +
                     ": must be a record that `signet reproduce` wrote, but is "
                     "damaged or of another program; remove it to run the "
                     "experiment again");
  }
}

const Statistic* measured_of(const Claim& claim,
                             const ExperimentRecord& record) {
  const auto found = record.findings.measured.find(claim.id);
  const auto meaning = record.meanings.find(claim.id);
  return found != record.findings.measured.end() &&
                 meaning != record.meanings.end() &&
                 meaning->second == claim.measured
             ? &found->second
             : nullptr;
}

Finding finding_of(const Claim& claim, const ExperimentRecord& record) {
  if (const auto* statistic = measured_of(claim, record))
    return judge(claim, *statistic);
  return claim.data.empty() || claim.data == record.data_set
             ? Finding::cannot_be_told
             : Finding::needs_data;
}

}  // namespace signet

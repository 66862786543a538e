#include "signet/report/results.h"

#include <cmath>
#include <fstream>
#include <iterator>
#include <locale>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "signet/base/nesting.h"
#include "signet/base/number.h"
#include "signet/base/printable.h"

namespace signet::report {
namespace {

using json = nlohmann::ordered_json;

[[noreturn]] void bad_results(const std::filesystem::path& path,
                              const std::string& what) {
  throw std::runtime_error(printable(path.string() + ": " + what, 4000));
}

json load(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) bad_results(path, "must be a readable file, but got none");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (json_nesting(text) > kMaxNesting) {
    bad_results(path,
                "must be a JSON array of records, but got brackets "
                "within " +
                    std::to_string(kMaxNesting) +
                    " others: move the file away");
  }
  json array = json::parse(text, nullptr, false);
  if (!array.is_array()) {
    bad_results(path,
                "must be a JSON array of records, but got " +
                    std::string(array.is_discarded() ? "damaged or no JSON"
                                                     : array.type_name()) +
                    ": move the file away");
  }
  return array;
}

ResultRecord to_record(const json& object) {
  ResultRecord record;
  object.at("name").get_to(record.name);
  object.at("value").get_to(record.value);
  record.unit = object.value("unit", "");
  record.command = object.value("command", "");
  record.time = object.value("time", "");
  if (object.contains("standard_error")) {
    record.standard_error = object["standard_error"].get<double>();
  }
  if (object.contains("seed")) record.seed = object["seed"].get<int64_t>();
  if (object.contains("threads"))
    record.threads = object["threads"].get<int64_t>();
  return record;
}

json to_json(const ResultRecord& record, const std::filesystem::path& path) {
  const auto finite = [&](const char* key, double value) {
    if (!std::isfinite(value)) {
      bad_results(path, std::string(key) + " of \"" + printable(record.name) +
                            "\" must be finite, but got " + number_text(value));
    }
    return value;
  };
  json object = {{"name", record.name},
                 {"value", finite("value", record.value)},
                 {"unit", record.unit}};
  if (record.standard_error) {
    object["standard_error"] = finite("standard_error", *record.standard_error);
  }
  if (record.seed) object["seed"] = *record.seed;
  if (record.threads) object["threads"] = *record.threads;
  object["command"] = record.command;
  if (!record.time.empty()) object["time"] = record.time;
  return object;
}

}  // namespace

std::vector<ResultRecord> read_results(const std::filesystem::path& path) {
  std::vector<ResultRecord> records;
  for (const json& object : load(path)) {
    try {
      records.push_back(to_record(object));
    } catch (const json::exception&) {
      bad_results(path,
                  "record " + std::to_string(records.size()) +
                      " must have a name and a value of the right type, "
                      "but got " +
                      printable(object.dump(-1, ' ', false,
                                            json::error_handler_t::replace),
                                100));
    }
  }
  return records;
}

std::string appended_results(const std::filesystem::path& path,
                             std::span<const ResultRecord> records) {
  json array = exists(path) ? load(path) : json::array();
  for (const ResultRecord& record : records) {
    array.push_back(to_json(record, path));
  }
  // Bytes that are no UTF-8 (a command line may have any) become U+FFFD.
  return array.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace signet::report

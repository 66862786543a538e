#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "signet/base/error.h"
#include "signet/base/names.h"

namespace signet {

/// All records of one kind (estimators, optimizers, ...), sorted by name.
/// A record is a struct with at least `name`.
template <class Record>
std::vector<Record>& table() {
  static std::vector<Record> records;
  return records;
}

/// Puts one record into its table while the program starts:
///   const Registered<Estimator> entry{{.name = "st", ...}};
template <class Record>
struct Registered {
  explicit Registered(Record record) {
    auto& records = table<Record>();
    const auto at = std::upper_bound(
        records.begin(), records.end(), record,
        [](const Record& a, const Record& b) { return a.name < b.name; });
    records.insert(at, std::move(record));
  }
};

/// The record of that name. Errors: UsageError that names the nearest ones;
/// `what` is the kind in the message, for example "estimator".
template <class Record>
const Record& find_record(std::string_view what, std::string_view name) {
  std::vector<std::string> names;
  for (const auto& record : table<Record>()) {
    if (record.name == name) return record;
    names.push_back(record.name);
  }
  throw UsageError(unknown_name(what, name, names));
}

}  // namespace signet

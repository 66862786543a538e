#include "signet/experiments/anneal.h"

#include <algorithm>

#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/base/printable.h"

namespace signet {
namespace {

/// "slope = linear(start=1)"
Annealing parse_line(const std::string& line, int64_t epochs) {
  const auto equals = line.find('=');
  const auto first = line.find_first_not_of(' ');
  check(equals != std::string::npos && first < equals,
        "'" + printable(line) + "'",
        "must read parameter = schedule(key=value, ...)");
  const auto last = line.find_last_not_of(' ', equals - 1);
  return {.parameter = line.substr(first, last - first + 1),
          .schedule = parse_schedule(std::string_view(line).substr(equals + 1)),
          .epochs = epochs};
}

/// The record of an estimator must have a number of that name.
void check_numeric(const Estimator& record, const std::string& parameter) {
  std::vector<std::string> numbers;
  for (const auto& p : record.parameters) {
    if (std::holds_alternative<double>(p.fallback) ||
        std::holds_alternative<int64_t>(p.fallback))
      numbers.push_back(p.name);
  }
  if (std::count(numbers.begin(), numbers.end(), parameter) > 0) return;
  throw UsageError(
      record.name + ": " +
      (numbers.empty()
           ? "has no numeric parameter, but got '" + parameter + "'"
           : unknown_name("numeric parameter", parameter, numbers)));
}

}  // namespace

double Annealing::at(int64_t epoch) const {
  const auto e = static_cast<double>(epoch);
  return schedule.at({.epoch = e, .share = e / static_cast<double>(epochs)});
}

std::vector<Annealing> parse_annealings(std::span<const std::string> lines,
                                        std::string_view estimator,
                                        int64_t epochs) {
  const BoundEstimator bound(estimator);
  std::vector<Annealing> annealings;
  for (const auto& line : lines) {
    const auto annealing = parse_line(line, epochs);
    const auto& parameter = annealing.parameter;
    check_numeric(bound.record(), parameter);
    for (const auto& earlier : annealings) {
      check(earlier.parameter != parameter, "'" + printable(line) + "'",
            "anneals " + parameter + " a second time");
    }
    for (int64_t epoch = 0; epoch < epochs; ++epoch) {
      try {
        annealed_estimator(estimator, std::span(&annealing, 1), epoch);
      } catch (const UsageError& error) {
        throw UsageError("'" + printable(line) + "' in epoch " +
                         std::to_string(epoch) + ": " + error.what());
      }
    }
    annealings.push_back(annealing);
  }
  return annealings;
}

BoundEstimator annealed_estimator(std::string_view estimator,
                                  std::span<const Annealing> annealings,
                                  int64_t epoch) {
  auto call = parse_call(estimator);
  for (const auto& annealing : annealings) {
    std::erase_if(call.arguments, [&](const auto& argument) {
      return argument.first == annealing.parameter;
    });
    call.arguments.emplace_back(annealing.parameter,
                                number_text(annealing.at(epoch)));
  }
  std::vector<std::string> arguments;
  for (const auto& [key, value] : call.arguments)
    arguments.push_back(key + "=" + value);
  return BoundEstimator(call.name + "(" + join(arguments) + ")");
}

}  // namespace signet

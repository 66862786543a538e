// Slope annealing: Chung, Ahn, Bengio 2016, arXiv:1609.01704 (HM-RNN), slope
// min(5, 1 + 0.04 epoch); R2RT, "Binary Stochastic Neurons in Tensorflow",
// 2016, slope 1.1^epoch. Temperature annealing: Jang, Gu, Poole 2017,
// arXiv:1611.01144.

#include "signet/experiments/anneal.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "signet/base/error.h"
#include "signet/base/names.h"

namespace signet {
namespace {

/// The parameters of a schedule: the one of its own between the shared ones.
std::vector<Parameter> with_start_and_limit(Parameter own) {
  return {{.name = "start", .fallback = 1.0, .help = "value in epoch 0"},
          std::move(own),
          {.name = "limit",
           .fallback = std::numeric_limits<double>::infinity(),
           .help = "where it stops, above or below start"}};
}

const Registered<Schedule> exponential{{
    .name = "exponential",
    .formula = "start * factor^epoch, until it reaches limit",
    .parameters = with_start_and_limit({.name = "factor",
                                        .fallback = 1.0,
                                        .help = "from one epoch to the next",
                                        .min = 0}),
    .value =
        [](const Arguments& arguments, int64_t epoch) {
          return arguments.number("start") *
                 std::pow(arguments.number("factor"),
                          static_cast<double>(epoch));
        },
}};

const Registered<Schedule> linear{{
    .name = "linear",
    .formula = "start + step * epoch, until it reaches limit",
    .parameters = with_start_and_limit({.name = "step",
                                        .fallback = 0.0,
                                        .help = "from one epoch to the next"}),
    .value =
        [](const Arguments& arguments, int64_t epoch) {
          return arguments.number("start") +
                 arguments.number("step") * static_cast<double>(epoch);
        },
}};

/// "slope = linear(start=1)"
Annealing parse_line(const std::string& line) {
  const auto equals = line.find('=');
  const auto first = line.find_first_not_of(' ');
  check(equals != std::string::npos && first < equals, "'" + line + "'",
        "must read parameter = schedule(key=value, ...)");
  const auto last = line.find_last_not_of(' ', equals - 1);
  const auto call = parse_call(std::string_view(line).substr(equals + 1));
  const auto& schedule = find_record<Schedule>("schedule", call.name);
  return {.parameter = line.substr(first, last - first + 1),
          .schedule = &schedule,
          .arguments = Arguments(schedule.parameters, call)};
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

/// A finite limit on the far side of start would never be reached.
void check_direction(const Annealing& annealing, const std::string& line) {
  const double limit = annealing.arguments.number("limit");
  if (!std::isfinite(limit)) return;
  check(std::abs(limit - annealing.at(1)) <= std::abs(limit - annealing.at(0)),
        "'" + line + "'", "moves away from its limit");
}

}  // namespace

std::string schedules_help() {
  std::vector<std::string> lines;
  for (const auto& schedule : table<Schedule>()) {
    const Arguments defaults(schedule.parameters, {schedule.name, {}});
    lines.push_back(defaults.spell(schedule.name) + ": " + schedule.formula);
  }
  return join(lines, "\n");
}

double Annealing::at(int64_t epoch) const {
  const double value = schedule->value(arguments, epoch);
  const double limit = arguments.number("limit");
  return arguments.number("start") <= limit ? std::min(value, limit)
                                            : std::max(value, limit);
}

std::vector<Annealing> parse_annealings(std::span<const std::string> lines,
                                        std::string_view estimator,
                                        int64_t epochs) {
  const BoundEstimator bound(estimator);
  std::vector<Annealing> annealings;
  for (const auto& line : lines) {
    const auto annealing = parse_line(line);
    const auto& parameter = annealing.parameter;
    check_numeric(bound.record(), parameter);
    for (const auto& earlier : annealings) {
      check(earlier.parameter != parameter, "'" + line + "'",
            "anneals " + parameter + " a second time");
    }
    check_direction(annealing, line);
    for (int64_t epoch = 0; epoch < epochs; ++epoch) {
      try {
        annealed_estimator(estimator, std::span(&annealing, 1), epoch);
      } catch (const UsageError& error) {
        throw UsageError("'" + line + "' in epoch " + std::to_string(epoch) +
                         ": " + error.what());
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

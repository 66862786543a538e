// Slope annealing: Chung, Ahn, Bengio 2016, arXiv:1609.01704 (HM-RNN), slope
// min(5, 1 + 0.04 epoch); R2RT, "Binary Stochastic Neurons in Tensorflow",
// 2016, slope 1.1^epoch. Temperature annealing: Jang, Gu, Poole 2017,
// arXiv:1611.01144. Half a cosine: Loshchilov, Hutter 2017, arXiv:1608.03983.

#include "signet/experiments/schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/base/printable.h"
#include "signet/base/table.h"

namespace signet {
namespace {

const Parameter kStart{
    .name = "start", .fallback = 1.0, .help = "value in epoch 0"};

/// A parameter of its own between the start and a limit.
std::vector<Parameter> with_start_and_limit(Parameter own) {
  return {kStart,
          std::move(own),
          {.name = "limit",
           .fallback = std::numeric_limits<double>::infinity(),
           .help = "where it stops, above or below start"}};
}

/// `value` until it crosses the limit, from whichever side it comes.
double limited(const Arguments& arguments, double value) {
  const double limit = arguments.number("limit");
  return arguments.number("start") <= limit ? std::min(value, limit)
                                            : std::max(value, limit);
}

/// Numbers between spaces.
std::vector<double> read_epochs(const std::string& text) {
  std::vector<double> epochs;
  bool numbers = true;
  for (size_t at = 0;
       (at = text.find_first_not_of(" \t", at)) < std::string::npos;) {
    const size_t end = std::min(text.find_first_of(" \t", at), text.size());
    const auto epoch =
        read_number<double>(std::string_view(text).substr(at, end - at));
    numbers = numbers && epoch && std::isfinite(*epoch);
    epochs.push_back(epoch.value_or(0));
    at = end;
  }
  check(numbers && !epochs.empty() &&
            std::is_sorted(epochs.begin(), epochs.end()) && epochs[0] > 0,
        "steps",
        "at must be ascending epochs such as '80 140', but got '" +
            printable(text) + "'");
  return epochs;
}

const Registered<Schedule> constant{{
    .name = "constant",
    .formula = "start",
    .parameters = {kStart},
    .value = [](const Arguments& arguments,
                const TrainingTime&) { return arguments.number("start"); },
}};

const Registered<Schedule> exponential{{
    .name = "exponential",
    .formula = "start * factor^epoch, until it reaches limit",
    .parameters = with_start_and_limit({.name = "factor",
                                        .fallback = 1.0,
                                        .help = "from one epoch to the next",
                                        .min = 0}),
    .value =
        [](const Arguments& arguments, const TrainingTime& time) {
          return limited(arguments,
                         arguments.number("start") *
                             std::pow(arguments.number("factor"), time.epoch));
        },
}};

const Registered<Schedule> linear{{
    .name = "linear",
    .formula = "start + step * epoch, until it reaches limit",
    .parameters = with_start_and_limit({.name = "step",
                                        .fallback = 0.0,
                                        .help = "from one epoch to the next"}),
    .value =
        [](const Arguments& arguments, const TrainingTime& time) {
          return limited(arguments, arguments.number("start") +
                                        arguments.number("step") * time.epoch);
        },
}};

const Registered<Schedule> cosine{{
    .name = "cosine",
    .formula = "half a cosine from start to end, over all epochs",
    .parameters = {kStart,
                   {.name = "end",
                    .fallback = 0.0,
                    .help = "value at the end of the run"}},
    .value =
        [](const Arguments& arguments, const TrainingTime& time) {
          const double end = arguments.number("end");
          return end + (arguments.number("start") - end) * 0.5 *
                           (1 + std::cos(std::numbers::pi * time.share));
        },
}};

const Registered<Schedule> steps{{
    .name = "steps",
    .formula = "start, times factor from each epoch of at on",
    .parameters = {kStart,
                   {.name = "at",
                    .fallback = std::string("1"),
                    .help = "epochs, such as 80 140"},
                   {.name = "factor",
                    .fallback = 0.1,
                    .help = "at each of them",
                    .min = 0}},
    .value =
        [](const Arguments& arguments, const TrainingTime& time) {
          double value = arguments.number("start");
          for (const double epoch : read_epochs(arguments.text("at")))
            if (time.epoch >= epoch) value *= arguments.number("factor");
          return value;
        },
}};

}  // namespace

double BoundSchedule::at(const TrainingTime& time) const {
  return record->value(arguments, time);
}

BoundSchedule parse_schedule(std::string_view spelling) {
  const auto call = parse_call(spelling);
  const auto& record = find_record<Schedule>("schedule", call.name);
  const BoundSchedule schedule{&record, Arguments(record.parameters, call)};
  const double first = schedule.at({.epoch = 0});
  const double next = schedule.at({.epoch = 1});
  if (schedule.arguments.has("limit")) {
    const double limit = schedule.arguments.number("limit");
    check(!std::isfinite(limit) ||
              std::abs(limit - next) <= std::abs(limit - first),
          "'" + printable(spelling) + "'", "moves away from its limit");
  }
  return schedule;
}

std::string schedules_help() {
  std::vector<std::string> lines;
  for (const auto& schedule : table<Schedule>()) {
    const Arguments defaults(schedule.parameters, {schedule.name, {}});
    lines.push_back(defaults.spell(schedule.name) + ": " + schedule.formula);
  }
  return join(lines, "\n");
}

}  // namespace signet

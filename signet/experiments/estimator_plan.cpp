#include "signet/experiments/estimator_plan.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "signet/base/error.h"
#include "signet/base/number.h"
#include "signet/base/printable.h"

namespace signet {
namespace {

constexpr int64_t kMostSteps = 1'000'000'000'000;
constexpr const char* kSpaces = " \t\r\n";

/// What stands between spaces.
std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> all;
  for (size_t at = 0;
       (at = text.find_first_not_of(kSpaces, at)) < std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kSpaces, at), text.size());
    all.push_back(text.substr(at, end - at));
    at = end;
  }
  return all;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(kSpaces);
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

EstimatorSwitch parse_switch(const std::string& line) {
  const auto colon = line.find(':');
  const auto head = words(std::string_view(line).substr(0, colon));
  const auto after =
      head.size() == 3 ? read_number<int64_t>(head[1]) : std::nullopt;
  const bool steps = after && (head[2] == "steps" || head[2] == "step");
  const bool epochs = after && (head[2] == "epochs" || head[2] == "epoch");
  check(colon != std::string::npos && (steps || epochs) && head[0] == "after" &&
            *after >= 0 && *after < kMostSteps,
        "'" + printable(line) + "'",
        "must read 'after N steps: ESTIMATOR' or 'after N epochs: ESTIMATOR'");
  EstimatorSwitch result{.after = *after,
                         .epochs = epochs,
                         .estimator = trimmed(line.substr(colon + 1))};
  check(result.after >= 1, "'" + printable(line) + "'",
        "must come after at least 1: 'train.estimator' is the first one");
  BoundEstimator{result.estimator};
  return result;
}

}  // namespace

std::vector<EstimatorSwitch> parse_switches(
    std::span<const std::string> lines) {
  std::vector<EstimatorSwitch> switches;
  for (const auto& line : lines) {
    const auto next = parse_switch(line);
    for (const auto& earlier : switches) {
      check(earlier.epochs != next.epochs || earlier.after < next.after,
            "'" + printable(line) + "'",
            "must come after the switch before it");
    }
    switches.push_back(next);
  }
  return switches;
}

EstimatorPlan::EstimatorPlan(const Recipe::Train& train, int64_t steps_an_epoch)
    : train_(train),
      steps_an_epoch_(steps_an_epoch),
      annealings_(
          parse_annealings(train.anneal, train.estimator, train.epochs)),
      switches_(parse_switches(train.switches)) {
  const int64_t total = steps_an_epoch * train.epochs;
  for (size_t i = 0; i < switches_.size(); ++i) {
    const auto& s = switches_[i];
    const int64_t first = s.after * (s.epochs ? steps_an_epoch : 1);
    const auto who = "train.switch: '" + printable(train.switches[i]) + "'";
    check(first_steps_.empty() || first > first_steps_.back(), who,
          "must come after the switch before it, at step " +
              std::to_string(first_steps_.empty() ? 0 : first_steps_.back()) +
              ", but comes at step " + std::to_string(first));
    check(first < total, who,
          "must come before the end of the run, " + std::to_string(total) +
              " steps, but comes at step " + std::to_string(first));
    first_steps_.push_back(first);
  }
}

size_t EstimatorPlan::phase(int64_t steps) const {
  return static_cast<size_t>(
      std::upper_bound(first_steps_.begin(), first_steps_.end(), steps) -
      first_steps_.begin());
}

const BoundEstimator& EstimatorPlan::at(int64_t steps) {
  const std::pair time{phase(steps), steps / steps_an_epoch_};
  if (!current_ || time != current_time_) {
    current_ =
        time.first == 0
            ? annealed_estimator(train_.estimator, annealings_, time.second)
            : BoundEstimator(switches_[time.first - 1].estimator);
    current_time_ = time;
  }
  return *current_;
}

bool EstimatorPlan::switches_at(int64_t steps) const {
  return std::binary_search(first_steps_.begin(), first_steps_.end(), steps);
}

std::vector<std::string> EstimatorPlan::annealed() const {
  std::vector<std::string> names;
  for (const auto& a : annealings_) names.push_back(a.parameter);
  return names;
}

std::vector<double> EstimatorPlan::annealed_values(int64_t steps) const {
  std::vector<double> values;
  for (const auto& a : annealings_) {
    values.push_back(phase(steps) == 0 ? a.at(steps / steps_an_epoch_)
                                       : std::nan(""));
  }
  return values;
}

}  // namespace signet

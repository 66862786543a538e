#include "signet/experiments/rate.h"

#include <algorithm>

#include "signet/base/error.h"
#include "signet/base/names.h"

namespace signet {
namespace {

BoundSchedule starting_at(double rate, const std::string& spelling) {
  auto call = parse_call(spelling);
  std::vector<std::string> arguments{"start=" + number_text(rate)};
  for (const auto& [key, value] : call.arguments) {
    check(key != "start", spelling,
          "starts at optimizer.rate; leave its start out");
    arguments.push_back(key + "=" + value);
  }
  return parse_schedule(call.name + "(" + join(arguments) + ")");
}

}  // namespace

Rate::Rate(const Recipe& recipe, int64_t steps_an_epoch)
    : schedule_(starting_at(recipe.optimizer.rate, recipe.optimizer.schedule)),
      steps_an_epoch_(static_cast<double>(steps_an_epoch)),
      total_(static_cast<double>(steps_an_epoch * recipe.train.epochs)),
      warmup_(recipe.optimizer.warmup * steps_an_epoch_) {
  for (int64_t epoch = 0; epoch <= recipe.train.epochs; ++epoch) {
    check(at(epoch * steps_an_epoch) >= 0, recipe.optimizer.schedule,
          "falls below 0 in epoch " + std::to_string(epoch) +
              ": give it a limit");
  }
}

double Rate::at(int64_t steps) const {
  const auto done = static_cast<double>(steps);
  const double rate =
      schedule_.at({.epoch = done / steps_an_epoch_, .share = done / total_});
  return done + 1 < warmup_ ? rate * (done + 1) / warmup_ : rate;
}

}  // namespace signet

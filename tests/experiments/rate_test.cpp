#include "signet/experiments/rate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "signet/base/error.h"
#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

Recipe recipe_of(const std::string& schedule, double warmup = 0) {
  Recipe recipe;
  recipe.train.epochs = 8;
  recipe.optimizer.rate = 0.3;
  recipe.optimizer.schedule = schedule;
  recipe.optimizer.warmup = warmup;
  return recipe;
}

TEST(Rate, FollowsItsSchedule) {
  constexpr int64_t kSteps = 10;  // an epoch
  const auto at = [&](const std::string& schedule, int64_t steps) {
    return Rate(recipe_of(schedule), kSteps).at(steps);
  };
  for (int64_t s = 0; s <= 80; ++s) {
    const double epoch = static_cast<double>(s) / 10;
    EXPECT_EQ(at("constant", s), 0.3);
    EXPECT_EQ(at("cosine", s),
              0.3 * 0.5 * (1 + std::cos(M_PI * (static_cast<double>(s) / 80))));
    EXPECT_NEAR(at("cosine(end=0.1)", s),
                0.1 + 0.2 * 0.5 * (1 + std::cos(M_PI * epoch / 8)), 1e-15);
    EXPECT_NEAR(at("steps(at=2 5.5, factor=0.1)", s),
                s < 20   ? 0.3
                : s < 55 ? 0.03
                         : 0.003,
                1e-15);
    EXPECT_NEAR(at("exponential(factor=0.5, limit=0.01)", s),
                std::max(0.01, 0.3 * std::pow(0.5, epoch)), 1e-15);
    EXPECT_NEAR(at("linear(step=-0.1, limit=0)", s),
                std::max(0.0, 0.3 - 0.1 * epoch), 1e-15);
  }
}

TEST(Rate, GrowsInItsWarmUp) {
  const Rate rate(recipe_of("constant", 1.5), 10);
  for (int64_t s = 0; s < 30; ++s)
    EXPECT_DOUBLE_EQ(rate.at(s),
                     0.3 * std::min(1.0, static_cast<double>(s + 1) / 15))
        << s;
}

TEST(Rate, SaysWhatIsWrong) {
  for (const auto& [schedule, part] :
       std::vector<std::pair<std::string, std::string>>{
           {"cosin", "did you mean 'cosine'"},
           {"cosine(start=1)", "starts at optimizer.rate"},
           {"linear(step=-0.1)", "falls below 0 in epoch"},
           {"steps(at=x)", "ascending epochs"},
           {"steps(at=3 2)", "ascending epochs"},
           {"steps(at=-3)", "ascending epochs"},
           {"linear(step=-0.1, limit=2)", "moves away"}}) {
    const auto error = error_of([&] { Rate(recipe_of(schedule), 10); });
    EXPECT_NE(error.find(part), std::string::npos) << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace signet

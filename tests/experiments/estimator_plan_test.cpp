#include "signet/experiments/estimator_plan.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/experiments/tiny_run.h"

namespace signet {
namespace {

TEST(EstimatorPlan, SwitchesAtItsSteps) {
  Recipe::Train train;
  train.epochs = 10;
  train.estimator = "gumbel";
  train.anneal = {"temperature = exponential(factor=0.5, limit=0.1)"};
  train.switches = {"after 25 steps: averaged(estimator=st, samples=10)",
                    " after 4  epochs :zgr "};
  EstimatorPlan plan(train, 10);
  for (int64_t s = 0; s < 100; ++s) {
    EXPECT_EQ(plan.at(s).record().name, s < 25   ? "gumbel"
                                        : s < 40 ? "averaged"
                                                 : "zgr")
        << s;
    EXPECT_EQ(plan.switches_at(s), s == 25 || s == 40) << s;
    const double temperature = plan.annealed_values(s).at(0);
    if (s < 25) {
      EXPECT_EQ(temperature, std::pow(0.5, static_cast<double>(s / 10)));
      EXPECT_EQ(plan.at(s).arguments().number("temperature"), temperature);
    } else {
      EXPECT_TRUE(std::isnan(temperature));
    }
  }
  EXPECT_EQ(plan.at(30).arguments().integer("samples"), 10);
  // In any order.
  EXPECT_EQ(plan.at(12).arguments().number("temperature"), 0.5);
}

TEST(EstimatorPlan, SaysWhatIsWrong) {
  for (const auto& [lines, part] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"20000: st"}, "must read 'after N steps: ESTIMATOR'"},
           {{"after x steps: st"}, "must read"},
           {{"after 3 steps:"}, "must read"},
           {{"after 0 epochs: st"}, "at least 1"},
           {{"after 3 epochs: gumble"}, "did you mean 'gumbel'"},
           {{"after 3 epochs: st", "after 3 epochs: zgr"},
            "after the switch before it"},
           {{"after 3 epochs: st", "after 20 steps: zgr"},
            "after the switch before it, at step 30, but comes at step 20"},
           {{"after 10 epochs: st"}, "before the end of the run, 100 steps"}}) {
    Recipe::Train train;
    train.epochs = 10;
    train.switches = lines;
    const auto error = error_of([&] { EstimatorPlan(train, 10); });
    EXPECT_NE(error.find(part), std::string::npos) << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace signet

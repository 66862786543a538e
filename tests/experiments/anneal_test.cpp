#include "signet/experiments/anneal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "signet/base/error.h"

namespace signet {
namespace {

Annealing parse(const std::string& line, const std::string& estimator,
                int64_t epochs = 1) {
  return parse_annealings(std::vector{line}, estimator, epochs).front();
}

std::string error_of(const std::vector<std::string>& lines,
                     const std::string& estimator = "st-identity",
                     int64_t epochs = 30) {
  try {
    parse_annealings(lines, estimator, epochs);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

void expect_error(const std::vector<std::string>& lines,
                  const std::string& part,
                  const std::string& estimator = "st-identity") {
  const auto error = error_of(lines, estimator);
  EXPECT_NE(error.find(part), std::string::npos) << error;
  EXPECT_EQ(error.find('\n'), std::string::npos) << error;
}

// The slopes of HM-RNN and of R2RT, and a temperature that falls.
TEST(Anneal, FollowsThePublishedSchedules) {
  const auto hm_rnn =
      parse("slope = linear(start=1, step=0.04, limit=5)", "st-identity");
  const auto r2rt = parse(" slope=exponential(start=1, factor=1.1, limit=10) ",
                          "st-identity");
  const auto falling = parse(
      "temperature = exponential(start=1, factor=0.95, limit=0.5)", "gumbel");
  EXPECT_EQ(r2rt.parameter, "slope");
  EXPECT_EQ(falling.parameter, "temperature");
  double slope = 1, temperature = 1;
  for (int64_t e = 0; e < 200; ++e) {
    const auto epoch = static_cast<double>(e);
    EXPECT_DOUBLE_EQ(hm_rnn.at(e), std::min(5.0, 1 + 0.04 * epoch)) << e;
    EXPECT_NEAR(r2rt.at(e), std::min(10.0, slope), 1e-12) << e;
    EXPECT_NEAR(falling.at(e), std::max(0.5, temperature), 1e-12) << e;
    slope *= 1.1;
    temperature *= 0.95;
  }
  EXPECT_EQ(hm_rnn.at(100), 5);
  EXPECT_EQ(r2rt.at(25), 10);
  EXPECT_LT(r2rt.at(24), 10);
  EXPECT_EQ(falling.at(14), 0.5);
  EXPECT_GT(falling.at(13), 0.5);
}

TEST(Anneal, StopsAtItsLimitFromEitherSide) {
  for (const auto& [line, limit] : std::vector<std::pair<std::string, double>>{
           {"slope = exponential(factor=1.7, limit=7)", 7},
           {"slope = exponential(factor=0.3, limit=0.1)", 0.1},
           {"slope = linear(step=2.5, limit=7)", 7},
           {"slope = linear(step=-0.4, limit=0.1)", 0.1}}) {
    const auto annealing = parse(line, "st-identity");
    EXPECT_EQ(annealing.at(0), 1) << line;
    for (int64_t e = 0; e < 9; ++e) {
      EXPECT_LE(std::abs(annealing.at(e + 1) - limit),
                std::abs(annealing.at(e) - limit))
          << line;
      EXPECT_GE((annealing.at(e) - limit) * (1 - limit), 0) << line;
    }
    EXPECT_EQ(annealing.at(9), limit) << line;
  }
}

TEST(Anneal, WithoutALimitGoesOn) {
  const auto a = parse("slope = linear(start=2, step=3)", "st-identity");
  EXPECT_EQ(a.at(1000), 3002);
  const auto constant = parse("slope = exponential(start=2)", "st-identity");
  EXPECT_EQ(constant.at(1000), 2);
}

TEST(Anneal, TheEstimatorHasTheValueOfItsEpoch) {
  const std::vector<std::string> lines{
      "temperature = exponential(start=1, factor=0.9, limit=0.1)"};
  // A value in the spelling gives way.
  for (const auto* spelling : {"gumbel", "gumbel(temperature=3)"}) {
    const auto annealings = parse_annealings(lines, spelling, 40);
    for (int64_t e : {0, 1, 7, 39}) {
      const auto estimator = annealed_estimator(spelling, annealings, e);
      EXPECT_EQ(estimator.record().name, "gumbel");
      EXPECT_EQ(estimator.arguments().number("temperature"),
                annealings[0].at(e));
    }
  }
  for (const auto* spelling : {"st", "gumbel(temperature=3)"}) {
    EXPECT_EQ(annealed_estimator(spelling, {}, 5).spell(),
              BoundEstimator(spelling).spell());
  }
}

TEST(Anneal, SaysWhatIsWrong) {
  expect_error({"slop = linear(step=1)"},
               "st-identity: unknown numeric parameter 'slop': did you mean "
               "'slope'?");
  for (const auto& e : table<Estimator>()) {
    const bool any = std::any_of(
        e.parameters.begin(), e.parameters.end(), [](const Parameter& p) {
          return std::holds_alternative<double>(p.fallback) ||
                 std::holds_alternative<int64_t>(p.fallback);
        });
    expect_error({"no-such = linear(step=1)"},
                 e.name + (any ? ": unknown numeric parameter 'no-such'"
                               : ": has no numeric parameter"),
                 e.name);
  }
  // A text, not a number.
  expect_error({"noise = linear(step=1)"}, "noise", "st");
  expect_error({"slope = exponentail(factor=2)"}, "did you mean 'exponential'");
  expect_error({"slope = linear(stp=2)"}, "did you mean 'step'");
  expect_error({"slope = linear(step=1"}, "must read");
  expect_error({"= linear(step=1)"}, "must read parameter = schedule");
  expect_error({"linear"}, "must read parameter = schedule");
  expect_error({"slope = linear(step=1)", "slope = exponential(factor=2)"},
               "'slope = exponential(factor=2)': anneals slope a second time");
  expect_error({"slope = linear(start=1, step=-0.1, limit=5)"},
               "moves away from its limit");
  expect_error({"slope = exponential(factor=-1)"}, "at least 0");
}

TEST(Anneal, EveryValueMustBeInRange) {
  // 1 - 0.1 e is below 0 from epoch 11 on.
  const std::vector<std::string> falling{"slope = linear(start=1, step=-0.1)"};
  EXPECT_EQ(error_of(falling, "st-identity", 11), "no error");
  expect_error(falling,
               "'slope = linear(start=1, step=-0.1)' in epoch 11: st-identity: "
               "slope must be at least 0, but got '-0.1");
  expect_error({"temperature = exponential(factor=1e9, limit=1e300)"},
               "in epoch 1: gumbel: temperature must be in [0.01, 100], but "
               "got '1e+09'",
               "gumbel");
  // Overflows to infinity in epoch 11.
  expect_error({"slope = exponential(factor=1e30)"}, "in epoch 11: ");
}

}  // namespace
}  // namespace signet

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "signet/base/error.h"
#include "signet/core/random.h"
#include "signet/core/torch.h"
#include "signet/optim/descent.h"
#include "signet/optim/optimizer.h"

namespace signet {
namespace {

Tensor numbers(uint32_t step, int64_t n) {
  return Random(5).at_step(step).site(RandomUse::user).uniform({n}) * 2 - 1;
}

TEST(Descent, FastPathAgreesWithTheDefinition) {
  const Arguments none;
  for (const auto kind : {Direction::Kind::sgd, Direction::Kind::momentum,
                          Direction::Kind::adam}) {
    for (const double bound : {0.0, 0.6}) {
      auto fast = numbers(0, 70001), slow = fast.clone();
      std::map<std::string, Tensor> fast_state, slow_state;
      for (int64_t t = 1; t <= 5; ++t) {
        const auto g = numbers(static_cast<uint32_t>(t), 70001);
        const Move move{.rate = 0.05,
                        .scale = 2,
                        .keep = 0.97,
                        .shift = 0.01,
                        .bound = bound};
        const auto flips =
            descend({fast, g, fast_state, 0, t, none}, {.kind = kind}, move);
        const auto counted = descend_reference(
            {slow, g, slow_state, 0, t, none}, {.kind = kind}, move);
        EXPECT_NEAR(flips, counted, 2);
      }
      // A few roundings a step at |p| <= 2.
      EXPECT_LT((fast - slow).abs().max().item<float>(), 4e-6F);
      ASSERT_EQ(fast_state.size(), slow_state.size());
      for (const auto& [name, memory] : fast_state)
        EXPECT_TRUE(memory.allclose(slow_state.at(name), 1e-5, 1e-7)) << name;
      if (bound > 0) {
        EXPECT_LE(fast.abs().max().item<float>(), 0.6F);
      }
    }
  }
}

/// Adam in plain doubles.
TEST(Descent, AdamIsThatOfThePaper) {
  const Arguments none;
  auto p = torch::tensor({0.5, -2.0}, torch::kDouble);
  double q[2] = {0.5, -2.0}, m[2] = {0, 0}, v[2] = {0, 0};
  std::map<std::string, Tensor> state;
  for (int64_t t = 1; t <= 20; ++t) {
    const double g[2] = {std::sin(double(t)), 1e-4 * std::cos(double(t))};
    descend({p, torch::tensor({g[0], g[1]}, torch::kDouble), state, 0, t, none},
            {}, {.rate = 0.01});
    for (int i = 0; i < 2; ++i) {
      m[i] = 0.9 * m[i] + 0.1 * g[i];
      v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
      q[i] -= 0.01 * (m[i] / (1 - std::pow(0.9, t))) /
              (std::sqrt(v[i] / (1 - std::pow(0.999, t))) + 1e-8);
      EXPECT_NEAR(p[i].item<double>(), q[i], 1e-12);
    }
  }
}

/// One step of a rule, in double, without memory.
double stepped(const std::string& spelling, double latent, double g,
               double rate) {
  auto p = torch::full({1}, latent, torch::kDouble).requires_grad_();
  p.mutable_grad() = torch::full({1}, g, torch::kDouble);
  Optimizer optimizer;
  optimizer.add("p", p, BoundRule(spelling), ParameterKind::latent);
  optimizer.step(rate);
  return p.item<double>();
}

/// The place of the minimum of a convex function on (0, 1).
template <class Function>
double golden_section(const Function& f) {
  const long double ratio = (std::sqrt(5.0L) - 1) / 2;
  long double a = 0, b = 1;
  while (b - a > 1e-11L) {
    const long double c = b - ratio * (b - a), d = a + ratio * (b - a);
    (f(c) < f(d) ? b : a) = f(c) < f(d) ? d : c;
  }
  return static_cast<double>((a + b) / 2);
}

TEST(MirrorDescent, StepIsTheMinimumThatItClaims) {
  for (const double latent : {-2.0, -0.3, 0.0, 1.2}) {
    for (const double g_w : {-1.5, 0.2, 0.8}) {
      for (const double rate : {0.1, 1.0}) {
        const long double old = 1 / (1 + std::exp(-(long double){latent}));
        const double best = golden_section([&](long double t) {
          return 2 * g_w * t + (t * std::log(t / old) +
                                (1 - t) * std::log((1 - t) / (1 - old))) /
                                   rate;
        });
        const double next =
            stepped("mirror-descent(direction=sgd)", latent, g_w, rate);
        EXPECT_NEAR(1 / (1 + std::exp(-next)), best, 1e-8);
      }
    }
  }
}

TEST(BinaryConnect, ClippingIsTheProjectionOnTheMean) {
  EXPECT_DOUBLE_EQ(stepped("binaryconnect(direction=sgd)", 0.5, 1, 0.25), 0.25);
  EXPECT_DOUBLE_EQ(stepped("binaryconnect(direction=sgd)", 0.5, -9, 0.25), 1);
  EXPECT_DOUBLE_EQ(stepped("binaryconnect(direction=sgd)", 0.5, 9, 0.25), -1);
  EXPECT_DOUBLE_EQ(
      stepped("binaryconnect(direction=sgd, clip=0)", 0.5, 9, 0.25), -1.75);
}

TEST(Optimizer, ContinuesFromItsStateBitForBit) {
  for (const auto& rule : table<WeightRule>()) {
    const auto run = [&](int64_t restart_after) {
      auto p = numbers(0, 1000).requires_grad_();
      auto optimizer = std::make_unique<Optimizer>();
      optimizer->add("p", p, BoundRule(rule.name), ParameterKind::latent);
      for (uint32_t t = 1; t <= 6; ++t) {
        p.mutable_grad() = numbers(t, 1000);
        optimizer->step(0.01);
        if (optimizer->steps() != restart_after) continue;
        const auto state = optimizer->state();
        auto fresh = std::make_unique<Optimizer>();
        fresh->add("p", p, BoundRule(rule.name), ParameterKind::latent);
        fresh->load_state(state, restart_after);
        optimizer = std::move(fresh);
      }
      return p.detach().clone();
    };
    EXPECT_TRUE(run(0).equal(run(3))) << rule.name;
  }
}

TEST(Optimizer, RefusesAForeignState) {
  Optimizer optimizer;
  optimizer.add("p", torch::zeros({3}), BoundRule("gradient"));
  EXPECT_THROW(optimizer.load_state({{"q.m", torch::zeros({3})}}, 1),
               UsageError);
  EXPECT_THROW(optimizer.load_state({{"p.m", torch::zeros({4})}}, 1),
               UsageError);
}

TEST(WeightRules, TableIsAsLongAsTheFolder) {
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(
           SIGNET_SOURCE_DIR "/signet/optim/rules")) {
    files += file.path().extension() == ".cpp";
  }
  EXPECT_EQ(files, table<WeightRule>().size());
}

}  // namespace
}  // namespace signet

#include "signet/optim/optimizer.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "signet/base/error.h"
#include "signet/core/step.h"
#include "tests/optim/one_weight.h"

namespace signet {
namespace {

/// A step of the loss sum (w - target)^2 / 2, w as the rule makes it.
void train_step(Optimizer& optimizer, Tensor& p, uint32_t t) {
  const auto target = numbers(t, p.numel());
  optimizer.zero_grad();
  const auto random = Random(3).at_step(t);
  for (int64_t pass = 0; pass < optimizer.passes(); ++pass) {
    const auto make =
        optimizer.weights_of_pass(random.replica(static_cast<uint32_t>(pass)));
    if (make) {
      (make(p) - target).square().sum().div(2 * optimizer.passes()).backward();
    } else {
      p.mutable_grad() = step(p, -1, 1) - target;
    }
  }
  optimizer.step(0.01);
}

TEST(Optimizer, ContinuesFromItsStateBitForBit) {
  std::vector<std::string> rules{"bayesbinn(momentum=0.9, samples=2)",
                                 "mirror-descent(samples=2, decay=0.1)"};
  for (const auto& rule : table<WeightRule>()) rules.push_back(rule.name);
  for (const auto& rule : rules) {
    const auto run = [&](int64_t restart_after) {
      auto p = numbers(0, 1000).requires_grad_();
      auto optimizer = std::make_unique<Optimizer>();
      optimizer->add("p", p, BoundRule(rule), ParameterKind::latent);
      optimizer->start();
      for (uint32_t t = 1; t <= 6; ++t) {
        train_step(*optimizer, p, t);
        if (optimizer->steps() != restart_after) continue;
        const auto state = optimizer->state();
        auto fresh = std::make_unique<Optimizer>();
        fresh->add("p", p, BoundRule(rule), ParameterKind::latent);
        fresh->load_state(state, restart_after);
        optimizer = std::move(fresh);
      }
      return p.detach().clone();
    };
    EXPECT_TRUE(run(0).equal(run(3))) << rule;
  }
}

TEST(Optimizer, StaysFiniteUnderHugeAndVanishingGradients) {
  for (const auto& rule : table<WeightRule>()) {
    auto p = numbers(0, 100).requires_grad_();
    Optimizer optimizer;
    optimizer.add("p", p, BoundRule(rule.name), ParameterKind::latent);
    optimizer.start();
    for (const float g : {0.F, 1e30F, -1e30F, -1e30F, 0.F, 1e-30F}) {
      p.mutable_grad() = torch::full({100}, g);
      optimizer.step(0.01);
      EXPECT_TRUE(p.isfinite().all().item<bool>()) << rule.name << " " << g;
      const auto make = optimizer.weights_of_pass(Random(1));
      if (make) {
        EXPECT_TRUE(make(p).isfinite().all().item<bool>()) << rule.name;
      }
    }
  }
}

TEST(Optimizer, RulesCountTheSignsThatTheyChange) {
  for (const auto& rule : table<WeightRule>()) {
    for (const auto type : {torch::kFloat, torch::kDouble}) {
      auto p = numbers(0, 5000, type).requires_grad_();
      Optimizer optimizer;
      optimizer.add("p", p, BoundRule(rule.name), ParameterKind::latent);
      int64_t total = 0;
      for (uint32_t t = 1; t <= 20; ++t) {
        const auto before = step(p, -1, 1);
        p.mutable_grad() = numbers(t / 5 + 1, 5000, type);
        optimizer.step(0.1);
        const auto flips = before.ne(step(p, -1, 1)).sum().item<int64_t>();
        EXPECT_EQ(optimizer.take_flip_ratio(), flips / 5000.0) << rule.name;
        total += flips;
      }
      EXPECT_GT(total, 0) << rule.name;
    }
  }
}

TEST(Optimizer, FlipRatioIsTheMeanShareOfBinaryWeights) {
  auto a = torch::tensor({1.F, 1.F}).requires_grad_();
  auto b = torch::tensor({1.F, -1.F, 0.F, 3.F, 1.F, 1.F}).requires_grad_();
  auto real = torch::tensor({1.F}).requires_grad_();
  Optimizer optimizer;
  const BoundRule rule("binaryconnect(direction=sgd, clip=0)");
  optimizer.add("a", a, rule, ParameterKind::latent);
  optimizer.add("b", b, rule, ParameterKind::latent);
  optimizer.add("real", real, BoundRule("gradient(direction=sgd)"));
  EXPECT_EQ(optimizer.take_flip_ratio(), 0);
  a.mutable_grad() = torch::tensor({2.F, 2.F});  // to -1, -1: two flips
  b.mutable_grad() = torch::tensor({1.F, -1.F, 1.F, 1.F, 0.F, 0.F});
  // b: to 0, 0, -1, 2: the second and the third flip, as sign(0) = +1.
  real.mutable_grad() = torch::tensor({2.F});
  optimizer.step(1);
  EXPECT_EQ(optimizer.take_flip_ratio(), 4 / 8.0);
  optimizer.zero_grad();
  a.mutable_grad() = torch::tensor({-2.F, 0.F});
  optimizer.step(1);  // one flip of eight weights, and b rests
  a.mutable_grad() = torch::zeros({2});
  optimizer.step(1);  // none
  EXPECT_EQ(optimizer.take_flip_ratio(), 1 / 16.0);
  EXPECT_EQ(optimizer.take_flip_ratio(), 0);
}

TEST(Optimizer, MakesSignsWhereARuleMakesNoWeights) {
  auto p = torch::tensor({0.5F, 0.F, -0.F, -2.F}).requires_grad_();
  auto q = torch::tensor({0.5F}).requires_grad_();
  Optimizer optimizer;
  optimizer.add("p", p, BoundRule("bop"), ParameterKind::latent);
  EXPECT_FALSE(optimizer.weights_of_pass(Random(1)));
  optimizer.add("q", q, BoundRule("proxquant"), ParameterKind::latent);
  const auto make = optimizer.weights_of_pass(Random(1));
  const auto w = make(p);
  EXPECT_TRUE(w.equal(torch::tensor({1.F, 1.F, 1.F, -1.F})));
  const auto g = torch::tensor({1.F, 2.F, 3.F, 4.F});
  (w * g).sum().backward();
  EXPECT_TRUE(p.grad().equal(g));
  EXPECT_THROW(make(torch::zeros({4})), UsageError);
}

TEST(Optimizer, RefusesAForeignState) {
  Optimizer optimizer;
  optimizer.add("p", torch::zeros({3}), BoundRule("gradient"));
  const auto m = torch::zeros({3}), v = torch::ones({3});
  const auto error = [&](const std::map<std::string, Tensor>& state) {
    try {
      optimizer.load_state(state, 1, "file");
    } catch (const UsageError& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(error({{"p.m", m}}),
            "file: lacks the state 'p.v' of the optimizer");
  EXPECT_EQ(error({}), "file: lacks the state 'p.m' of the optimizer");
  EXPECT_EQ(error({{"p.m", m}, {"p.v", v}, {"q.m", m}}),
            "file: holds the state 'q.m', which the optimizer of the recipe "
            "has not");
  EXPECT_EQ(error({{"p.m", m}, {"p.v", torch::zeros({4})}}),
            "file: the state 'p.v' must be [3], but got [4]");
  EXPECT_EQ(error({{"p.m", m}, {"p.v", v.to(torch::kDouble)}}),
            "file: the state 'p.v' must be of type float, but got double");
  EXPECT_EQ(optimizer.steps(), 0);
  EXPECT_EQ(error({{"p.m", m}, {"p.v", v}}), "no error");
  EXPECT_EQ(optimizer.steps(), 1);
}

TEST(Optimizer, RefusesRulesOfBinaryWeightsForOthers) {
  for (const auto& rule : table<WeightRule>()) {
    Optimizer optimizer;
    if (rule.real) {
      optimizer.add("p", torch::zeros({3}), BoundRule(rule.name));
    } else {
      EXPECT_THROW(optimizer.add("p", torch::zeros({3}), BoundRule(rule.name)),
                   UsageError);
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

TEST(WeightRules, TableIsAsLongAsTheFolder) {
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(
           SIGNET_SOURCE_DIR "/signet/optim/rules")) {
    files += file.path().extension() == ".cpp";
  }
  EXPECT_EQ(files, table<WeightRule>().size());
  for (const auto& rule : table<WeightRule>()) {
    EXPECT_FALSE(rule.papers.empty()) << rule.name;
    EXPECT_FALSE(rule.papers[0].key.empty()) << rule.name;
  }
}

}  // namespace
}  // namespace signet

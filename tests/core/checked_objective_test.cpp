// What an objective owes its estimator, and what every estimator owes it.

#include "signet/core/checked_objective.h"

#include <gtest/gtest.h>

#include <cmath>

#include "signet/core/cross_entropy.h"
#include "signet/core/estimator.h"
#include "signet/core/finite.h"
#include "signet/core/normalized_logits.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

using Shape = std::vector<int64_t>;

bool is_layer_rule(const Estimator& e) {
  return std::holds_alternative<LayerRule>(e.rule);
}

/// Those that draw layer after layer look at no example's loss.
bool is_layer_by_layer(const Estimator& e) {
  return is_layer_rule(e) ||
         BoundEstimator(e.name).arguments().has("estimator");
}

/// The error of one estimate and of its backward pass; it must be one line.
std::string error_of(const Estimator& e, const Objective& objective) {
  try {
    const auto estimate = BoundEstimator(e.name)(objective, Random(1));
    estimate.surrogate.mean().backward();
  } catch (const UsageError& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    EXPECT_EQ(text.find(e.name + ": "), 0u) << text;
    return text;
  } catch (const std::exception& error) {
    return e.name + ": NOT OURS: " + error.what();
  }
  return "no error";
}

void expect_part(const Estimator& e, const Objective& objective,
                 const std::string& part) {
  const auto error = error_of(e, objective);
  EXPECT_NE(error.find(part), std::string::npos) << e.name << ": " << error;
}

Tensor logits(at::IntArrayRef shape, at::ScalarType type = torch::kFloat) {
  return (2 * Random(2).site(0).uniform(shape, type) - 1).requires_grad_();
}

/// The sum over the axes of the units, for each of so many axes of examples.
Tensor sum_of_units(const Tensor& x, int64_t unit_axes) {
  return x.flatten(-unit_axes, -1).sum(-1);
}

TEST(EveryEstimator, RefusesALossThatIsNotOneOfEachExample) {
  const auto a = logits({4, 3});
  const std::function<Tensor(const Tensor&)> losses[] = {
      [](const Tensor& x) { return x.mean(); },
      [](const Tensor& x) { return x.mean().view({1}); },
      [](const Tensor& x) { return x.sum(-1, true); },
      [](const Tensor& x) { return x * x; },
      [](const Tensor& x) { return x.sum(-2); },
      [](const Tensor& x) { return x.sum(-1).narrow(-1, 0, 3); },
      [](const Tensor& x) {
        return x.sum(-1).unsqueeze(-2).expand({4, 4});
      }};
  for (const auto& e : table<Estimator>()) {
    for (const auto& loss : losses)
      expect_part(
          e, [&](Sampler& s) { return loss(s.draw(a, {})); },
          "the loss must have a value for each example, its axes the "
          "first ones of units [4, 3], but got [");
    const auto map = logits({4, 2, 1, 2});
    expect_part(
        e,
        [&](Sampler& s) {
          return s.draw(map, {}).sum({-2, -1, -3}, true).flatten(-3, -1);
        },
        "but got [4, 1]");
  }
}

TEST(EveryEstimator, RefusesALossThatIsNoNumber) {
  const auto a = logits({4, 2});
  for (const auto& e : table<Estimator>()) {
    for (const double bad :
         {std::nan(""), double{INFINITY}, -double{INFINITY}}) {
      const auto with_bad = [&](Sampler& s) {
        return s.draw(a, {}).sum(-1) + torch::tensor({0., 0., bad, 0.});
      };
      EXPECT_EQ(error_of(e, with_bad),
                e.name + ": loss must be finite, but is " +
                    (std::isnan(bad) ? "NaN" : "infinite"));
    }
    expect_part(
        e, [&](Sampler& s) { return s.draw(a, {}).sum(-1).to(torch::kLong); },
        "the loss must be of a floating-point type, but got Long");
    expect_part(
        e,
        [&](Sampler& s) {
          s.draw(a, {});
          return Tensor();
        },
        "the loss must be a tensor, but it is undefined");
  }
}

TEST(EveryEstimator, RefusesAnObjectiveThatDrawsNothing) {
  const auto a = logits({4, 2});
  for (const auto& e : table<Estimator>()) {
    expect_part(
        e, [&](Sampler&) { return a.sum(-1); },
        "the objective must draw its units from the sampler that it is "
        "given, but drew none");
    // From a sampler of its own: no gradient would come back.
    expect_part(
        e, [&](Sampler&) { return ModeSampler().draw(a, {}).sum(-1); },
        "drew none");
    expect_part(e, nullptr, "the objective must be a function, but is empty");
  }
}

TEST(EveryEstimator, RefusesLogitsThatAreNotFinite) {
  for (const auto& e : table<Estimator>()) {
    for (const float infinite : {INFINITY, -INFINITY}) {
      auto a = logits({4, 3}).detach().clone();
      a[0][2] = infinite;
      EXPECT_EQ(error_of(e, [&](Sampler& s) { return s.draw(a, {}).sum(-1); }),
                e.name + ": logits of units must be finite, but are infinite");
    }
  }
}

TEST(EveryEstimator, RefusesNaNInLogits) {
  const auto refusal = ": logits of units must be finite, but are NaN";
  for (const auto& e : table<Estimator>()) {
    for (const auto type : {torch::kFloat, torch::kDouble}) {
      auto a = logits({4, 3}, type).detach().clone();
      a[2][1] = std::nan("");
      const auto drawn_from = [&](const Tensor& first) {
        return [=](Sampler& s) {
          return s.draw(s.draw(first, {}) * 0.5, {}).sum(-1);
        };
      };
      EXPECT_EQ(error_of(e, drawn_from(a)), e.name + refusal);
      // Not contiguous, and in the second layer.
      EXPECT_EQ(error_of(e, drawn_from(a.t().contiguous().t())),
                e.name + refusal);
      const auto fine = logits({4, 3}, type);
      EXPECT_EQ(error_of(e,
                         [&](Sampler& s) {
                           return s.draw(s.draw(fine, {}) * a, {}).sum(-1);
                         }),
                e.name + refusal);
    }
    auto x = logits({4, 3}).detach().clone();
    x[2][1] = std::nanf("");
    EXPECT_EQ(error_of(e,
                       [&](Sampler& s) {
                         const auto normalized = normalized_logits(
                             x, {}, {}, channel_moments(x), 1e-5);
                         return s.draw_normalized(normalized, {}).sum(-1);
                       }),
              e.name + refusal);
  }
}

TEST(EveryEstimator, RefusesLogitsThatAreNoLayer) {
  const std::pair<Tensor, std::string> cases[] = {
      {logits({4}),
       "logits of units must be [B, n], at least one example and "
       "one unit, but got [4]"},
      {logits({0, 3}), "but got [0, 3]"},
      {logits({4, 0}), "but got [4, 0]"},
      {torch::ones({4, 3}, torch::kLong),
       "logits of units must be of a floating-point type, but got Long"},
      {Tensor(), "logits of units must be a tensor, but it is undefined"}};
  for (const auto& e : table<Estimator>()) {
    for (const auto& [a, part] : cases)
      expect_part(
          e, [&, a = a](Sampler& s) { return s.draw(a, {}).sum(-1); }, part);
    expect_part(
        e,
        [&](Sampler& s) {
          return s.draw(logits({4, 3}), {.noise = nullptr}).sum(-1);
        },
        "the noise of units must be a family, but is null");
  }
}

TEST(EveryEstimator, RefusesLayersThatChangeBetweenRuns) {
  using Layers = std::function<Tensor(Sampler&, bool first)>;
  const auto a = logits({4, 3}), b = logits({4, 2});
  const std::pair<Layers, std::string> cases[] = {
      {[&](Sampler& s, bool first) {
         const auto x = s.draw(a, {});
         return first ? x : s.draw(x, {});
       },
       "but drew 1 and now more"},
      {[&](Sampler& s, bool first) {
         const auto x = s.draw(a, {});
         return first ? s.draw(x, {}) : x;
       },
       "but drew 2 and now 1"},
      {[&](Sampler& s, bool first) { return s.draw(first ? a : b, {}); },
       "but logits of layer 1 were [4, 3] and now [4, 2]"},
      {[&](Sampler& s, bool first) {
         return s.draw(a, {first ? Encoding::signs : Encoding::bits});
       },
       "but layer 1 was signs of logistic noise and now bits of logistic"},
      {[&](Sampler& s, bool first) {
         return s.draw(a,
                       {.noise = first ? &uniform_noise() : &cauchy_noise()});
       },
       "was signs of uniform noise and now signs of cauchy noise"},
      {[&](Sampler& s, bool first) {
         const auto x = s.draw(torch::stack({a, a}), {});
         return first ? x : x.sum(-1);
       },
       "the loss must have one shape in every run, but was [2, 4] and now "
       "[2]"}};
  for (const auto& e : table<Estimator>()) {
    for (const auto& item : cases) {
      const auto& layers = item.first;
      const auto& part = item.second;
      int runs = 0;
      const auto error = error_of(
          e, [&](Sampler& s) { return layers(s, runs++ == 0).sum(-1); });
      if (e.traits.evaluations.text() == "1") {
        EXPECT_EQ(error, "no error") << e.name;
        continue;
      }
      // With samples in front the shape of the loss has words of its own.
      const bool found =
          error.find(part) != std::string::npos ||
          error.find("where units have samples in front") != std::string::npos;
      EXPECT_TRUE(found) << e.name << ": " << error << "\nwanted " << part;
    }
  }
}

TEST(EveryEstimator, ThatNeedsADerivativeRefusesALossWithoutOne) {
  const auto a = logits({4, 3});
  for (const auto& e : table<Estimator>()) {
    const auto error =
        error_of(e, [&](Sampler& s) { return s.draw(a, {}).detach().sum(-1); });
    if (!e.traits.differentiates_objective)
      EXPECT_EQ(error, "no error") << e.name;
    else
      EXPECT_NE(error.find("must be differentiable in the units"),
                std::string::npos)
          << e.name << ": " << error;
  }
}

/// Where autograd does not refuse it.
TEST(EveryEstimator, ThatKeepsUnitsRefusesTheirChangeInPlace) {
  const auto a = logits({4, 3});
  for (const auto& e : table<Estimator>()) {
    if (is_layer_by_layer(e)) continue;
    const auto expect_refusal = [&](const Objective& objective) {
      const auto error = error_of(e, objective);
      EXPECT_TRUE(
          error.find("the objective must not change logits or units in "
                     "place: write x * y for x.mul_(y)") != std::string::npos ||
          error.find("a leaf Variable that requires grad") != std::string::npos)
          << e.name << ": " << error;
    };
    expect_refusal([&](Sampler& s) { return s.draw(a, {}).add_(1).sum(-1); });
    expect_refusal([&](Sampler& s) {
      auto changed = a * 2;
      const auto x = s.draw(changed, {});
      changed.mul_(0);
      return x.sum(-1);
    });
  }
}

TEST(EveryEstimator, SaysWhatSamplesInFrontMetInAnObjective) {
  const auto a = logits({4, 3});
  const auto y = torch::tensor({0, 1, 2, 0}).view({4, 1});
  for (const auto& e : table<Estimator>()) {
    bool in_front = false;
    const auto watched = [&](Sampler& s) {
      const auto x = s.draw(a, {});
      in_front |= x.dim() > 2;
      return x;
    };
    const auto by_position = error_of(e, [&](Sampler& s) {
      return -watched(s).log_softmax(1).gather(1, y).squeeze(1);
    });
    const auto mixed =
        error_of(e, [&](Sampler& s) { return watched(s).sum(-1).flatten(); });
    if (!in_front) {
      EXPECT_EQ(by_position, "no error") << e.name;
      EXPECT_EQ(mixed, "no error") << e.name;
      continue;
    }
    EXPECT_NE(by_position.find("the objective must take units with"),
              std::string::npos)
        << by_position;
    EXPECT_NE(by_position.find("count dimensions from the end, as "
                               "signet::cross_entropy does"),
              std::string::npos)
        << by_position;
    EXPECT_NE(mixed.find("where units have samples in front"),
              std::string::npos)
        << mixed;
  }
}

/// Networks of a user, each with as many axes of examples.
struct Network {
  const char* name;
  Shape examples;
  std::function<Tensor(const std::vector<Tensor>&, Sampler&)> loss;
  std::vector<Shape> parameters;
  /// Every layer depends on the one below and the input alone.
  bool layered = true;
  /// The loss depends on every layer.
  bool all_read = true;
};

std::vector<Network> networks() {
  const auto y = torch::tensor({0, 1, 2, 1});
  return {
      {"classes",
       {4},
       [=](const auto& p, Sampler& s) {
         return cross_entropy(s.draw(p[0], {}).matmul(p[1]), y);
       },
       {{4, 3}, {3, 3}}},
      {"a map on top",
       {4},
       [](const auto& p, Sampler& s) {
         const auto below = s.draw(p[0], {Encoding::bits});
         const auto a = below.matmul(p[1]).unflatten(-1, {2, 1, 2});
         return sum_of_units(s.draw(a, {}) * p[2], 3).square();
       },
       {{4, 3}, {3, 4}, {2, 1, 2}}},
      {"maps alone",
       {4},
       [](const auto& p, Sampler& s) {
         return sum_of_units(s.draw(p[0], {}) * p[1], 3).exp();
       },
       {{4, 2, 2, 1}, {2, 2, 1}}},
      {"a layer beside another",
       {4},
       [](const auto& p, Sampler& s) {
         const auto x = s.draw(p[0], {});
         return ((x + s.draw(p[1], {})) * p[2]).sum(-1).square();
       },
       {{4, 3}, {4, 3}, {3}},
       false},
      {"a layer that nothing reads",
       {4},
       [](const auto& p, Sampler& s) {
         const auto x = s.draw(p[0], {});
         s.draw(p[1], {});
         s.draw(x * 0.5, {});
         return (x * p[2]).sum(-1).square();
       },
       {{4, 2}, {4, 2}, {2}},
       false,
       false},
      {"a layer that nothing reads, below",
       {4},
       [](const auto& p, Sampler& s) {
         s.draw(p[0], {});
         return (s.draw(p[1], {}) * p[2]).sum(-1).square();
       },
       {{4, 3}, {4, 2}, {2}},
       true,
       false},
      {"a skip",
       {4},
       [](const auto& p, Sampler& s) {
         const auto x = s.draw(p[0], {});
         return (x * s.draw(x * p[1], {})).sum(-1).square();
       },
       {{4, 3}, {3}},
       false},
      {"two axes of examples",
       {2, 4},
       [=](const auto& p, Sampler& s) {
         return cross_entropy(s.draw(p[0], {}).matmul(p[1]), y);
       },
       {{2, 4, 3}, {3, 3}}},
  };
}

TEST(EveryEstimator, WorksWithEveryNetwork) {
  for (const auto& network : networks()) {
    std::vector<Tensor> p;
    uint32_t index = 0;
    for (const auto& shape : network.parameters)
      p.push_back((2 * Random(7)
                           .site(RandomUse::user, index++)
                           .uniform(shape, torch::kDouble) -
                   1)
                      .requires_grad_());
    const auto gradient = [&](const std::string& spelling) {
      const auto estimate = BoundEstimator(spelling)(
          [&](Sampler& s) { return network.loss(p, s); }, Random(3));
      EXPECT_EQ(estimate.loss.sizes(), at::IntArrayRef(network.examples));
      EXPECT_EQ(estimate.surrogate.sizes(), at::IntArrayRef(network.examples));
      estimate.surrogate.mean().backward();
      std::vector<Tensor> all;
      for (auto& t : p) {
        // A layer that nothing reads may stay without one.
        all.push_back(
            t.grad().defined()
                ? t.grad().flatten()
                : torch::zeros({t.numel()}, t.options().requires_grad(false)));
        t.mutable_grad() = Tensor();
      }
      return torch::cat(all);
    };
    const auto exact = gradient("exact");
    for (const auto& e : table<Estimator>()) {
      SCOPED_TRACE(e.name + ", " + network.name);
      const auto refusal =
          e.name == "exact-layered" && !network.layered ? "use exact"
          : (e.name == "rebar" || e.name == "relax") && !network.all_read
              ? "must be differentiable in the units of every layer"
              : nullptr;
      if (refusal) {
        try {
          gradient(e.name);
          ADD_FAILURE() << "no error";
        } catch (const UsageError& error) {
          EXPECT_NE(std::string(error.what()).find(refusal), std::string::npos)
              << error.what();
        }
        continue;
      }
      try {
        const auto g = gradient(e.name);
        EXPECT_TRUE(g.isfinite().all().item<bool>());
        if (e.traits.unbiased && e.traits.deterministic)
          EXPECT_LT((g - exact).abs().max().item<double>(), 1e-13);
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    }
  }
}

TEST(EveryEstimator, ThatLooksAtNoExampleTakesADrawForAll) {
  const auto w = logits({1, 3});
  const auto x = logits({4, 3}).detach();
  const auto objective = [&](Sampler& s) {
    return (x * s.draw(w, {})).sum(-1).square();
  };
  for (const auto& e : table<Estimator>()) {
    if (is_layer_by_layer(e))
      EXPECT_EQ(error_of(e, objective), "no error") << e.name;
    else
      expect_part(e, objective, "first ones of units [1, 3], but got [4]");
  }
}

}  // namespace
}  // namespace signet

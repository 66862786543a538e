// Score functions of several coupled samples: ar, arm, disarm, arms, rloo.

#include "signet/core/coupled_units.h"

#include <gtest/gtest.h>

#include "signet/core/states.h"
#include "signet/core/torch.h"
#include "tests/core/estimator_problem.h"
#include "tests/core/one_unit.h"

namespace signet {
namespace {

/// As in estimators_test.cpp: 2.6e-12 a comparison, here below 3,000 of them.
constexpr double kZ = 7;
constexpr int64_t kReplicates = int64_t{1} << 17;

/// The problem, and the units of its first layer in every run of it.
struct Recorded {
  explicit Recorded(Problem p) : problem(std::move(p)) {
    const auto loss = problem.loss;
    problem.loss = [this, loss](const auto& p, Sampler& sampler,
                                const UnitOptions& u) {
      struct Recorder : Sampler {
        Sampler& inner;
        std::vector<Tensor>& runs;
        bool first = true;
        Recorder(Sampler& s, std::vector<Tensor>& r) : inner(s), runs(r) {}
        Tensor draw(const Tensor& a, const UnitOptions& u) override {
          const auto x = inner.draw(a, u);
          if (first) runs.push_back(x.detach());
          first = false;
          return x;
        }
      } recorder(sampler, runs);
      return loss(p, recorder, u);
    };
  }
  Problem problem;
  std::vector<Tensor> runs;
};

double value(const Tensor& t) { return t.item<double>(); }

/// |mean of the rows - expected| / standard error, the greatest.
double z_of_mean(const Tensor& rows, const Tensor& expected) {
  const auto error =
      rows.std(0) / std::sqrt(static_cast<double>(rows.size(0))) + 1e-13;
  return value(((rows.mean(0) - expected).abs() / error).max());
}

TEST(CoupledUnits, MomentsForOneUnitAreTheClosedForms) {
  // L = (b - 0.2)^2. With c = F'/(p(1-p)), D = L(1) - L(0), q = min(p, 1-p):
  const double l0 = 0.04, l1 = 0.64, d = l1 - l0;
  const auto f = [](const Tensor& x) { return (x - 0.2).square(); };
  for (const auto& noise : {logistic_noise(), cauchy_noise()}) {
    for (const double a : {-0.7, 0.4}) {
      const UnitOptions units{Encoding::bits, &noise};
      const auto at = torch::tensor(a, torch::kDouble);
      const double p = value(noise.cdf(at)), slope = value(noise.density(at));
      const double c = slope / (p * (1 - p)), q = std::min(p, 1 - p);
      const double below = (1 - std::pow(1 - 2 * p, 3)) / 6;
      const double second_arm = d * d * (1 - std::pow(1 - 2 * q, 3)) / 12;
      const struct {
        std::string name;
        double second;  // moment, in units of c^2
      } cases[] = {
          {"ar", l1 * l1 * below + l0 * l0 * (1. / 3 - below)},
          {"arm", second_arm},
          {"disarm", d * d * (1 - q) * (1 - q) * q / 2},
          {"arms(samples=2)", d * d * (1 - q) * (1 - q) * q / 2},
      };
      for (const auto& [name, second] : cases) {
        const auto m = one_unit_moments(BoundEstimator(name), {a, units, f});
        EXPECT_NEAR(m.mean, slope * d, 1e-5) << name << noise.name << a;
        const double variance = c * c * second - slope * d * slope * d;
        EXPECT_NEAR(m.variance / variance, 1, 1e-4) << name << noise.name << a;
      }
    }
  }
}

TEST(CoupledUnits, LeaveOneOutOfTwoHasTheVarianceOfTheClosedForm) {
  // In logit p: 1/2 (L - L')(b - b'), not 0 with probability r = 2p(1-p).
  const double a = 0.4, p = 1 / (1 + std::exp(-2 * a)), r = 2 * p * (1 - p);
  const double d = 0.6;
  const Problem problem{"one unit",
                        {torch::full({1}, a, torch::kDouble)},
                        {.encoding = Encoding::bits},
                        [&](const auto& q, Sampler& s, const UnitOptions& u) {
                          return (s.draw(q[0], u) - 0.2).square().squeeze(-1);
                        }};
  const auto g =
      gradients(BoundEstimator("rloo(samples=2)"), problem, 1 << 20, 11);
  EXPECT_LT(z_of_mean(g, torch::full({1}, r * d, torch::kDouble)), kZ);
  // Relative standard error of the variance of a two-point law: below 1e-3.
  EXPECT_NEAR(value(g.var()) / (d * d * r * (1 - r)), 1, 7e-3);
}

TEST(CoupledUnits, AntitheticPairHasTheJointLaw) {
  for (const auto& noise : noise_families()) {
    Recorded r(one_layer({Encoding::bits, &noise}));
    gradients(BoundEstimator("disarm"), r.problem, kReplicates, 12);
    ASSERT_EQ(r.runs.size(), 2u);
    const auto p = noise.cdf(r.problem.parameters[0]);
    const auto q = torch::minimum(p, 1 - p);
    const auto &x = r.runs[0], &y = r.runs[1];
    EXPECT_LT(z_of_mean(x * (1 - y), q), kZ) << noise.name;
    EXPECT_LT(z_of_mean((1 - x) * y, q), kZ) << noise.name;
    EXPECT_LT(z_of_mean(x * y, (2 * p - 1).clamp_min(0)), kZ) << noise.name;
  }
}

TEST(CoupledUnits, DirichletMembersHaveTheirMarginsAndPairs) {
  for (const int samples : {3, 5}) {
    Recorded r(one_layer({Encoding::bits, &gaussian_noise()}));
    gradients(BoundEstimator("arms(samples=" + std::to_string(samples) + ")"),
              r.problem, kReplicates, 13);
    const auto p = gaussian_noise().cdf(r.problem.parameters[0]);
    const auto q = torch::minimum(p, 1 - p);
    const double power = samples - 1;
    const auto joint = (2 * q.pow(1 / power) - 1).clamp_min(0).pow(power);
    const auto x = torch::cat({r.runs[0].unsqueeze(0), r.runs[1]});
    ASSERT_EQ(x.size(0), samples);
    const auto rare = torch::where(p < 0.5, x, 1 - x);
    for (int64_t k = 0; k < samples; ++k) {
      EXPECT_LT(z_of_mean(x[k], p), kZ);
      for (int64_t j = 0; j < k; ++j)
        EXPECT_LT(z_of_mean(rare[k] * rare[j], joint), kZ) << k << j;
    }
  }
}

TEST(CoupledUnits, DisarmIsArmsOfTwoSampleBySample) {
  for (const auto& noise : noise_families()) {
    for (const auto encoding : {Encoding::bits, Encoding::signs}) {
      for (const auto& problem :
           {one_layer({encoding, &noise}), chain({encoding, &noise})}) {
        for (const std::string tail : {"tail=shared", "tail=fresh"}) {
          const auto g = gradients(BoundEstimator("disarm(" + tail + ")"),
                                   problem, 1000, 14);
          const auto h =
              gradients(BoundEstimator("arms(samples=2, " + tail + ")"),
                        problem, 1000, 14);
          EXPECT_LT(value((g - h).abs().max()), 1e-12) << noise.name << tail;
        }
      }
    }
  }
}

TEST(CoupledUnits, DisarmIsTheMeanOfArmGivenThePair) {
  for (const auto& noise : noise_families()) {
    Recorded r(one_layer({Encoding::bits, &noise}));
    const auto arm =
        gradients(BoundEstimator("arm"), r.problem, kReplicates, 15);
    const auto disarm =
        gradients(BoundEstimator("disarm"), r.problem, kReplicates, 15);
    ASSERT_TRUE(r.runs[0].equal(r.runs[2]) && r.runs[1].equal(r.runs[3]));
    const auto powers = torch::tensor({1., 2., 4., 8.}, torch::kDouble);
    const auto pair =
        (r.runs[0] * powers).sum(1) + 16 * (r.runs[1] * powers).sum(1);
    int pairs = 0;
    for (int i = 0; i < 256; ++i) {
      const auto rows = (pair == i).nonzero().squeeze(1);
      if (rows.numel() < 300) continue;
      ++pairs;
      EXPECT_LT(z_of_mean((arm - disarm).index_select(0, rows),
                          torch::zeros({4}, torch::kDouble)),
                kZ)
          << noise.name << i;
    }
    EXPECT_GT(pairs, 10);
    EXPECT_TRUE((arm.var(0) > disarm.var(0)).all().item<bool>()) << noise.name;
  }
}

TEST(CoupledUnits, MoreRepulsionLessVariance) {
  for (const auto& noise : {logistic_noise(), laplace_noise()}) {
    const auto variance = [&](const std::string& spelling) {
      return value(gradients(BoundEstimator(spelling),
                             one_layer({Encoding::signs, &noise}), kReplicates,
                             16)
                       .var(0)
                       .sum());
    };
    EXPECT_LT(variance("arms(samples=4)"), variance("rloo(samples=4)"))
        << noise.name;
    EXPECT_LT(variance("arms(samples=4)"), variance("disarm") / 2)
        << noise.name;
  }
}

TEST(CoupledUnits, SharedTailNoiseTakesVarianceAway) {
  for (const std::string name :
       {"arm", "disarm", "arms(samples=3)", "local-expectation"}) {
    const auto variance = [&](const std::string& tail) {
      const auto spelling = name.back() == ')'
                                ? name.substr(0, name.size() - 1) + ", tail="
                                : name + "(tail=";
      return value(gradients(BoundEstimator(spelling + tail + ")"), chain({}),
                             kReplicates, 17)
                       .var(0)
                       .sum());
    };
    EXPECT_LT(variance("shared"), variance("fresh")) << name;
  }
}

TEST(LeaveOneOut, IsVarGrad) {
  // 1/2 the gradient of the sample variance of f_k whose gradient in the
  // logits is that of log P(x_k): VarGrad at the current point.
  for (const auto& noise : noise_families()) {
    Recorded r(one_layer({Encoding::bits, &noise}));
    const int64_t n = 500, samples = 3;
    const auto g =
        gradients(BoundEstimator("rloo(samples=3)"), r.problem, n, 18);
    const auto x = torch::stack(r.runs);
    const auto a = r.problem.parameters[0].expand({n, 4}).clone();
    a.requires_grad_();
    const auto f = branch_loss(
        [&](Sampler& s) { return r.problem.loss({a}, s, r.problem.units); },
        Random(18), {{x}});
    const auto log_p = log_prob(noise, a.expand({samples, n, 4}), x > 0.5);
    const auto h = f + (log_p - log_p.detach()).sum(-1);
    (h.var(0, /*unbiased=*/true) / 2).sum().backward();
    EXPECT_LT(value((a.grad() - g).abs().max()), 1e-10) << noise.name;
  }
}

TEST(LeaveOneOut, OfAllStatesIsExactUpToTheFactorOfFinitePopulations) {
  // All 2^n equally likely states, each once: the covariance of L and the
  // score over K - 1 instead of K.
  auto a = torch::zeros({1, 4}, torch::kDouble).requires_grad_();
  const auto objective = [&](Sampler& sampler) {
    const auto x = sampler.draw(a, {});
    return torch::exp(x.sum(-1)) + x.select(-1, 0) * x.select(-1, 2).square();
  };
  BoundEstimator("exact")(objective, Random(1)).surrogate.sum().backward();
  const auto exact = a.grad().clone();
  const auto all =
      run_path(objective, Random(1), {StateSpace(objective).states(0, 16)});
  const auto f = all.loss.detach();
  const auto& layer = all.layers[0];
  const auto g =
      (as_units(f - mean_of_others(f), layer.x) * layer.score()).mean(0);
  EXPECT_LT(value((g * (15. / 16) - exact).abs().max()), 1e-12);
}

}  // namespace
}  // namespace signet

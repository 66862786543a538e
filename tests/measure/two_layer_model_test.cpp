// The closed forms against sampled data, finite differences and integrals, and
// what Yin et al. 2019 say of their critical points. Seeds are fixed; each
// statistical comparison has 6 standard errors (2e-9).

#include "signet/measure/two_layer_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "signet/base/error.h"
#include "signet/core/random.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

constexpr int64_t kM = 4, kN = 3;

Tensor row(const std::vector<double>& values) {
  return torch::tensor(values, torch::kDouble);
}

Tensor normal(at::IntArrayRef shape, uint32_t seed) {
  const auto u = Random(seed)
                     .site(RandomUse::user)
                     .uniform(shape, at::TensorOptions(at::kDouble));
  return at::special_ndtri(u);
}

double dot_of(const Tensor& a, const Tensor& b) {
  return a.dot(b).item<double>();
}
double length_of(const Tensor& a) { return a.norm().item<double>(); }

struct Case {
  TwoLayerModel model;
  TwoLayerPoint at;
};
Case random_case(uint32_t seed) {
  const auto values = normal({2, kM + kN}, seed);
  const auto point = [&](int64_t i) {
    return TwoLayerPoint{values[i].narrow(0, 0, kM),
                         values[i].narrow(0, kM, kN)};
  };
  return {TwoLayerModel(point(0)), point(1)};
}

/// Both sides of the condition for a spurious minimum: |1'v*| is small or not.
const std::vector<std::vector<double>> kWithSpurious{{0.6, 0.9, -0.4, 1},
                                                     {0.9, -0.8, 0.7, -0.3}};
const std::vector<double> kWithout{1, 0.9, 0.6, 0.8};

TwoLayerModel model_of(const std::vector<double>& v_star) {
  return TwoLayerModel({row(v_star), row({1, 2, -0.5})});
}
const Tensor& side() {
  static const auto tensor = row({0.3, -1, 0.4});
  return tensor;
}

const CoarseGradient& identity() { return find_coarse_gradient("identity"); }
const CoarseGradient& relu() { return find_coarse_gradient("relu"); }
const CoarseGradient& clipped() { return find_coarse_gradient("clipped-relu"); }

void expect_mean(const Tensor& samples, const Tensor& expected,
                 const std::string& what) {
  const auto error = samples.std(0) / std::sqrt(samples.size(0));
  const auto z = (samples.mean(0) - expected) / error;
  EXPECT_LE(z.abs().max().item<double>(), 6) << what << ", z = " << z;
}

TEST(TwoLayerModel, ClosedFormsAreTheMeansOfSamples) {
  constexpr int64_t kSamples = 400000;
  for (uint32_t seed : {1, 2, 3}) {
    const auto [model, at] = random_case(seed);
    const auto z = normal({kSamples, kM, kN}, 100 + seed);
    for (const auto& coarse : coarse_gradients()) {
      const auto sample = sample_gradients(model, at, coarse, z);
      expect_mean(sample.w, coarse.expected(model, at), coarse.name);
      expect_mean(sample.v, model.gradient(at).v, "v");
      expect_mean(sample.loss, row({model.loss(at)}), "loss");
    }
    // No direction, no output.
    const auto none = sample_gradients(model, {at.v, 0 * at.w}, relu(), z);
    expect_mean(none.loss, row({model.loss({at.v, 0 * at.w})}), "w = 0");
  }
}

TEST(TwoLayerModel, GradientIsTheDerivativeOfTheLoss) {
  constexpr double kStep = 1e-6;
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const auto [model, at] = random_case(seed);
    const auto g = model.gradient(at);
    const auto difference = [&](Tensor TwoLayerPoint::*part, int64_t i) {
      auto up = at, down = at;
      up.*part = (up.*part).clone();
      down.*part = (down.*part).clone();
      (up.*part)[i] += kStep;
      (down.*part)[i] -= kStep;
      return (model.loss(up) - model.loss(down)) / (2 * kStep);
    };
    for (int64_t i = 0; i < kM; ++i)
      EXPECT_NEAR(g.v[i].item<double>(), difference(&TwoLayerPoint::v, i),
                  1e-8);
    for (int64_t i = 0; i < kN; ++i)
      EXPECT_NEAR(g.w[i].item<double>(), difference(&TwoLayerPoint::w, i),
                  1e-8);
  }
}

/// Nodes and weights of Gauss-Legendre quadrature on [-1, 1].
std::vector<std::pair<double, double>> gauss_legendre(int n) {
  std::vector<std::pair<double, double>> rule;
  for (int i = 0; i < n; ++i) {
    double x = std::cos(M_PI * (i + 0.75) / (n + 0.5)), slope = 1;
    for (int step = 0; step < 10; ++step) {
      double p = 1, before = 0;
      for (int k = 1; k <= n; ++k)
        before = std::exchange(p, ((2 * k - 1) * x * p - (k - 1) * before) / k);
      slope = n * (x * p - before) / (x * x - 1);
      x -= p / slope;
    }
    rule.emplace_back(x, 2 / ((1 - x * x) * slope * slope));
  }
  return rule;
}

/// p and q as the paper has them: integrals over the angle.
std::pair<double, double> clipped_integrals(double theta, double length) {
  static const auto rule = gauss_legendre(400);
  double p = 0, q = 0;
  for (const auto& [node, weight] : rule) {
    const double half = (M_PI - theta) / 2, angle = theta / 2 + half * node;
    const double x = std::min(60., 1 / std::cos(angle) / length);
    const double radial = std::sqrt(M_PI / 2) * std::erf(x / std::sqrt(2)) -
                          x * std::exp(-x * x / 2);
    p += weight * half * std::cos(angle) * radial / (2 * M_PI);
    q += weight * half * std::sin(angle) * radial / (2 * M_PI);
  }
  return {p, q};
}

TEST(TwoLayerModel, ClippedReluIsThePapersIntegral) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    const auto [model, at] = random_case(seed);
    const auto& [v_star, w_star] = model.teacher();
    const double theta = model.angle(at.w), length = length_of(at.w);
    const double c = dot_of(at.v, v_star);
    const double ones = at.v.sum().item<double>();
    const double h = dot_of(at.v, at.v) + ones * ones + c -
                     ones * v_star.sum().item<double>();
    const auto [p, q] = clipped_integrals(theta, length);
    const double p0 = clipped_integrals(0, length).first;
    const auto u = at.w / length,
               between = (u + w_star) / length_of(u + w_star);
    const auto expected =
        0.5 * p0 * h * u - c * (q / std::sin(theta / 2) * between +
                                (p - q / std::tan(theta / 2)) * u);
    EXPECT_TRUE(clipped().expected(model, at).allclose(expected, 0, 1e-10))
        << "theta " << theta << ", |w| " << length;
  }
}

TEST(TwoLayerModel, CoarseGradientsCorrelateWithTheGradient) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    const auto [model, at] = random_case(1000 + seed);
    const auto gradient = model.gradient(at).w;
    const double theta = model.angle(at.w), length = length_of(at.w);
    const double c = dot_of(at.v, model.teacher().v);
    const double q = clipped_integrals(theta, length).second;
    const auto correlation = [&](const CoarseGradient& coarse) {
      const double value = dot_of(coarse.expected(model, at), gradient);
      EXPECT_GE(value, 0) << coarse.name;
      return value;
    };
    const double of_identity =
        std::sin(theta) * c * c / (std::pow(2 * M_PI, 1.5) * length);
    EXPECT_NEAR(correlation(identity()), of_identity, 1e-10);
    EXPECT_NEAR(correlation(relu()), of_identity / 2, 1e-10);
    EXPECT_NEAR(correlation(clipped()), q * c * c / (2 * M_PI * length), 1e-10);
  }
}

TEST(TwoLayerModel, LimitsAtTheEndsOfTheAngle) {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    const auto [model, random] = random_case(seed);
    const auto& [v_star, w_star] = model.teacher();
    const double length = 0.2 + seed, c = dot_of(random.v, v_star);
    const double p0 = clipped_integrals(0, length).first;
    const double ones = random.v.sum().item<double>();
    const double h = dot_of(random.v, random.v) + ones * ones + c -
                     ones * v_star.sum().item<double>();
    for (double nearly : {0., 1e-14, 1e-9}) {
      const auto off = nearly * model.towards_teacher(random.w);
      const auto same =
          clipped().expected(model, {random.v, length * (w_star + off)});
      const auto opposite =
          clipped().expected(model, {random.v, length * (off - w_star)});
      EXPECT_TRUE(same.allclose(p0 * (h / 2 - c) * w_star, 0, 1e-7));
      EXPECT_TRUE(opposite.allclose(-p0 * h / 2 * w_star, 0, 1e-7));
    }
    EXPECT_NEAR(model.angle(length * w_star), 0, 1e-15);
    EXPECT_NEAR(model.angle(-length * w_star), M_PI, 1e-15);
    EXPECT_NEAR(model.angle(w_star + 1e-9 * model.towards_teacher(random.w)), 0,
                2e-9);
  }
}

TEST(TwoLayerModel, CriticalPointsAreWhereTheReluGradientsVanish) {
  for (const auto& v_star : kWithSpurious) {
    const auto model = model_of(v_star);
    const auto critical = critical_points(model);
    ASSERT_EQ(critical.size(), 3u);
    for (const auto& point : critical) {
      for (double length : {0.1, 1., 7.}) {
        const auto at = point_at(model, point, length, side());
        EXPECT_NEAR(model.angle(at.w), point.theta, 1e-14);
        EXPECT_NEAR(length_of(at.w), length, 1e-14);
        EXPECT_NEAR(model.loss(at), point.loss, 1e-14);
        EXPECT_LT(length_of(model.gradient(at).v), 1e-14);
        EXPECT_LT(length_of(relu().expected(model, at)), 1e-14);
        EXPECT_LT(length_of(clipped().expected(model, at)), 1e-14);
        const double of_identity = length_of(identity().expected(model, at));
        if (point.name == "global minimum")
          EXPECT_LT(of_identity, 1e-14);
        else
          EXPECT_GT(of_identity, 0.01);
      }
    }
    EXPECT_EQ(critical[0].loss, 0);
    EXPECT_NEAR(dot_of(critical[1].v, model.teacher().v), 0, 1e-14);
    EXPECT_LT(
        length_of(model.gradient(point_at(model, critical[1], 1, side())).w),
        1e-14);
  }
}

TEST(TwoLayerModel, SpuriousMinimumIsLocalAndTheSaddleIsNot) {
  for (const auto& v_star : kWithSpurious) {
    const auto model = model_of(v_star);
    const auto critical = critical_points(model);
    const auto lowest_around = [&](const CriticalPoint& point) {
      const auto at = point_at(model, point, 1, side());
      double lowest = 1e9;
      for (uint32_t seed = 0; seed < 500; ++seed) {
        const auto step = 0.01 * normal({kM + kN}, seed);
        lowest = std::min(lowest, model.loss({at.v + step.narrow(0, 0, kM),
                                              at.w + step.narrow(0, kM, kN)}));
      }
      return lowest;
    };
    EXPECT_LT(lowest_around(critical[1]), critical[1].loss);
    EXPECT_GT(lowest_around(critical[2]), critical[2].loss);
    EXPECT_GT(critical[1].loss, critical[2].loss);
  }
}

TEST(TwoLayerModel, SpuriousMinimumNeedsASmallSum) {
  EXPECT_EQ(critical_points(model_of(kWithout)).size(), 1u);
  // (1'v*)^2 = (m + 1)|v*|^2 / 2 at t: (t + 1)^2 = 3 (t^2 + 1) / 2, m = 2.
  const double border = 2 - std::sqrt(3);
  const auto count = [](double t) {
    return critical_points(TwoLayerModel({row({1, t}), row({1, 0})})).size();
  };
  EXPECT_EQ(count(border - 1e-9), 3u);
  EXPECT_EQ(count(border + 1e-9), 1u);
}

TEST(TwoLayerModel, IdentityDoesNotVanishAtTheSpuriousMinimum) {
  for (const auto& v_star : kWithSpurious) {
    const auto model = model_of(v_star);
    const auto at = point_at(model, critical_points(model)[2], 1, side());
    const double ones = model.teacher().v.sum().item<double>();
    const auto expected = 2. * (kM - 1) / ((kM + 1) * (kM + 1)) * ones * ones /
                          std::sqrt(2 * M_PI) * at.w;
    EXPECT_TRUE(identity().expected(model, at).allclose(expected, 0, 1e-14));
  }
}

TwoLayerPoint near_spurious(const TwoLayerModel& model) {
  auto at = point_at(model, critical_points(model)[2], 1, side());
  return {at.v + 0.02, at.w + 0.05 * side()};
}

TEST(CoarseDescent, ReachesTheGlobalMinimumFromAGenericStart) {
  const TwoLayerPoint start{row({0.1, -0.3, 0.2, 0.4}), row({-0.4, 0.3, 0.8})};
  for (const auto& v_star : kWithSpurious) {
    for (const auto& coarse : coarse_gradients()) {
      const auto model = model_of(v_star);
      const auto rows =
          coarse_descent(model, start, coarse, {.steps = 3000, .every = 1000})
              .rows;
      ASSERT_EQ(rows.size(), 4u);
      EXPECT_EQ(rows.back().step, 3000);
      EXPECT_NEAR(rows.front().loss, model.loss(start), 1e-15);
      EXPECT_LT(rows.back().loss, 1e-8) << coarse.name;
      EXPECT_LT(rows.back().gradient, 1e-6) << coarse.name;
    }
  }
}

TEST(CoarseDescent, ReluStaysAtTheSpuriousMinimumAndIdentityDoesNot) {
  const double losses[] = {0.441, 0.025};
  for (size_t i : {0, 1}) {
    const auto model = model_of(kWithSpurious[i]);
    const auto descend = [&](const CoarseGradient& coarse) {
      return coarse_descent(model, near_spurious(model), coarse,
                            {.steps = 3000});
    };
    for (const auto* coarse : {&relu(), &clipped()}) {
      const auto last = descend(*coarse).rows.back();
      EXPECT_NEAR(last.loss, losses[i], 1e-8) << coarse->name;
      EXPECT_NEAR(last.angle, M_PI, 1e-6);
      EXPECT_LT(last.gradient, 1e-6);
    }
    double shortest = 1, smallest = 1;
    const auto rows = descend(identity()).rows;
    for (const auto& row : rows) {
      shortest = std::min(shortest, row.length);
      if (row.angle > 3) smallest = std::min(smallest, row.gradient);
    }
    EXPECT_LT(shortest, 0.1);
    EXPECT_GT(smallest, 1e-3) << "it rests nowhere near the angle pi";
  }
  // From here one of the two gets through to the other side.
  const auto model = model_of(kWithSpurious[0]);
  EXPECT_LT(
      coarse_descent(model, near_spurious(model), identity(), {.steps = 3000})
          .rows.back()
          .loss,
      1e-8);
}

TEST(CoarseDescent, EveryStepIsTheGradientStep) {
  const auto [model, at] = random_case(7);
  for (const auto& coarse : coarse_gradients()) {
    const auto end =
        coarse_descent(model, at, coarse, {.rate = 0.3, .steps = 1}).end;
    EXPECT_TRUE(end.v.equal(at.v - 0.3 * model.gradient(at).v));
    EXPECT_TRUE(end.w.equal(at.w - 0.3 * coarse.expected(model, at)));
  }
}

TEST(TwoLayerModel, BadInputIsNamed) {
  const auto [model, at] = random_case(1);
  EXPECT_THROW(TwoLayerModel({row({0, 0}), row({1})}), UsageError);
  EXPECT_THROW(TwoLayerModel({row({1, NAN}), row({1})}), UsageError);
  EXPECT_THROW(TwoLayerModel({row({1}).to(at::kFloat), row({1})}), UsageError);
  EXPECT_THROW(model.loss({at.v, row({1})}), UsageError);
  EXPECT_THROW(model.gradient({at.v, 0 * at.w}), UsageError);
  EXPECT_THROW(relu().expected(model, {at.v, 0 * at.w}), UsageError);
  EXPECT_THROW(find_coarse_gradient("rellu"), UsageError);
  EXPECT_THROW(coarse_descent(model, at, relu(), {.every = 0}), UsageError);
  EXPECT_THROW(coarse_descent(model, {at.v, 0 * at.w}, relu()), UsageError);
  EXPECT_TRUE(std::isnan(model.angle(0 * at.w)));
}

}  // namespace
}  // namespace signet

#include "signet/core/normalized_logits.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "signet/base/error.h"
#include "signet/core/draw_units.h"
#include "signet/core/estimator.h"
#include "signet/core/kernels/level.h"
#include "signet/core/normalized_units.h"
#include "signet/core/random.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

constexpr double kEpsilon = 1e-5;

Tensor numbers(at::IntArrayRef shape, uint32_t site) {
  return RandomStream{.seed = 11, .site = site}.uniform(shape) * 4 - 2;
}

/// A leaf of the values of `t`, in `type`.
Tensor leaf(const Tensor& t, torch::ScalarType type) {
  return t.detach().to(type).clone().requires_grad_();
}

NormalizedLogits normalized(const Tensor& x, const Tensor& weight,
                            const Tensor& bias) {
  return normalized_logits(x, weight, bias, channel_moments(x), kEpsilon);
}

/// A layer with rows enough for several chunks of the sums, or few.
struct Layer {
  explicit Layer(int64_t rows, int64_t channels)
      : x(numbers({rows, channels}, 1) * (1 + numbers({channels}, 2).abs()) +
          numbers({channels}, 3) + 6 * torch::arange(rows).eq(0).unsqueeze(1)),
        weight(numbers({channels}, 4)),
        bias(numbers({channels}, 5)),
        grad(numbers({rows, channels}, 6)) {}

  NormalizedLogits logits() const { return normalized(x, weight, bias); }

  /// The size of the terms of gradient i, of {value, x, weight, bias}: of two
  /// rows hardly anything is left of the one with respect to x, and sums of
  /// random signs may be near 0.
  double terms(size_t i) const {
    const auto rows = static_cast<double>(x.size(0));
    if (i > 1) return 2 * std::sqrt(rows);
    if (i == 0 || rows > 3) return 0;
    const auto scale = weight.abs().clamp_min(1) / x.var(0, false).sqrt();
    return (grad * scale).abs().max().item<double>();
  }

  Tensor x, weight, bias, grad;
};

/// The greatest |a - b|, relative to the greatest |b|, or to `terms` if that is
/// more: the size of terms that nearly cancel in b.
double relative(const Tensor& a, const Tensor& b, double terms = 0) {
  const auto wide = b.to(torch::kDouble);
  const auto size = wide.abs().max().item<double>();
  return (a.to(torch::kDouble) - wide).abs().max().item<double>() /
         std::max({size, terms, 1e-30});
}

const std::vector<std::pair<int64_t, int64_t>> kShapes{
    {2, 1},     {2, 3},      {3, 10},   {5, 64},   {33, 63},
    {70, 65},   {2, 100},    {129, 10}, {1000, 1}, {4000, 3},
    {2100, 64}, {1500, 100}, {700, 200}};

TEST(ChannelMoments, AreMeanAndVariance) {
  for (const auto& [rows, channels] : kShapes) {
    for (const auto type : {torch::kFloat, torch::kBFloat16, torch::kDouble}) {
      const auto x = Layer(rows, channels).x.to(type);
      const auto wide = x.to(torch::kDouble);
      const auto got = channel_moments(x);
      EXPECT_EQ(got.mean.scalar_type(),
                type == torch::kDouble ? torch::kDouble : torch::kFloat);
      EXPECT_TRUE(torch::allclose(got.mean.to(torch::kDouble), wide.mean(0),
                                  1e-6, 1e-6))
          << rows << ' ' << channels;
      EXPECT_TRUE(torch::allclose(got.variance.to(torch::kDouble),
                                  wide.var(0, false), 2e-6, 1e-12))
          << rows << ' ' << channels;
    }
  }
}

TEST(ChannelMoments, ALargeMeanCostsNoDigits) {
  const auto x = 1e4 + numbers({20'000, 5}, 1);
  const auto got = channel_moments(x);
  const auto wide = x.to(torch::kDouble);
  EXPECT_LT(relative(got.variance, wide.var(0, false)), 2e-6);
  EXPECT_LT(relative(got.mean, wide.mean(0)), 0x1p-24);
}

TEST(ChannelMoments, ManyAxesAreRows) {
  const auto x = numbers({3, 4, 5, 7}, 1);
  const auto got = channel_moments(x), rows = channel_moments(x.view({60, 7}));
  EXPECT_TRUE(got.mean.equal(rows.mean));
  EXPECT_TRUE(got.variance.equal(rows.variance));
  const auto strided = channel_moments(x.transpose(0, 1));
  EXPECT_LT(relative(strided.mean, got.mean), 1e-6);
  EXPECT_THROW(channel_moments(torch::zeros({0, 3})), UsageError);
  EXPECT_THROW(normalized(torch::zeros({1, 3}), {}, {}), UsageError);
  EXPECT_THROW(normalized(x, torch::ones({2, 7}), {}), UsageError);
  EXPECT_THROW(normalized(x, {}, torch::ones({6})), UsageError);
}

TEST(NormalizedLogits, AreBatchNorm) {
  for (const auto& [rows, channels] : kShapes) {
    for (const bool affine : {true, false}) {
      for (const auto type : {torch::kFloat, torch::kDouble}) {
        const Layer layer(rows, channels);
        const auto run = [&](torch::ScalarType type, const auto& norm) {
          const auto x = leaf(layer.x, type);
          const auto w = affine ? leaf(layer.weight, type) : Tensor();
          const auto b = affine ? leaf(layer.bias, type) : Tensor();
          const auto y = norm(x, w, b);
          y.backward(layer.grad.to(type));
          return std::vector<Tensor>{y.detach(), x.grad(),
                                     affine ? w.grad() : torch::zeros({1}),
                                     affine ? b.grad() : torch::zeros({1})};
        };
        const auto got =
            run(type, [](const Tensor& x, const Tensor& w, const Tensor& b) {
              return normalized(x, w, b).value();
            });
        const auto exact = run(
            torch::kDouble,
            [](const Tensor& x, const Tensor& w, const Tensor& b) {
              return at::batch_norm(x, w, b, {}, {}, true, 0, kEpsilon, false);
            });
        const double margin = type == torch::kFloat ? 1e-5 : 1e-12;
        for (size_t i = 0; i < got.size(); ++i) {
          EXPECT_EQ(got[i].sizes(), exact[i].sizes());
          EXPECT_LT(relative(got[i], exact[i], layer.terms(i)), margin)
              << i << ' ' << rows << ' ' << channels << ' ' << type;
        }
      }
    }
  }
}

TEST(NormalizedLogits, OfBfloat16AreThoseOfItsValues) {
  const Layer layer(500, 33);
  const auto x = leaf(layer.x, torch::kBFloat16);
  const auto wide = leaf(x, torch::kFloat);
  const auto a = normalized(x, layer.weight, layer.bias).value();
  const auto b = normalized(wide, layer.weight, layer.bias).value();
  EXPECT_EQ(a.scalar_type(), torch::kFloat);
  EXPECT_TRUE(a.equal(b));
  a.backward(layer.grad);
  b.backward(layer.grad);
  EXPECT_TRUE(x.grad().equal(wide.grad().to(torch::kBFloat16)));
}

TEST(NormalizedLogits, OnlyWhatRequiresGradientsGetsThem) {
  const Layer layer(50, 6);
  const auto weight = leaf(layer.weight, torch::kFloat);
  normalized(layer.x, weight, layer.bias).value().sum().backward();
  EXPECT_TRUE(weight.grad().defined());
  EXPECT_FALSE(layer.logits().value().requires_grad());
}

// ---- Units ----

class FusedUnits : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(, FusedUnits,
                         testing::Values("logistic", "uniform", "triangular",
                                         "gaussian", "laplace", "sigmoid"),
                         [](const auto& info) { return info.param; });

/// Units and the gradients that `layer.grad` gives, by `draw`.
template <class Draw>
std::vector<Tensor> units_and_gradients(const Layer& layer,
                                        torch::ScalarType type,
                                        const Draw& draw) {
  const auto x = leaf(layer.x, type);
  const auto w = leaf(layer.weight, torch::kFloat);
  const auto b = leaf(layer.bias, torch::kFloat);
  const auto y = draw(normalized(x, w, b));
  y.backward(layer.grad.to(y.scalar_type()));
  return {y.detach(), x.grad(), w.grad(), b.grad()};
}

TEST_P(FusedUnits, AreTheUnitsOfTheValue) {
  const UnitOptions bits{Encoding::bits, &find_noise(GetParam())};
  const UnitOptions signs{Encoding::signs, &find_noise(GetParam())};
  const BoundEstimator st("st");
  for (const auto& [rows, channels] : kShapes) {
    const Layer layer(rows, channels);
    for (const auto& units : {bits, signs}) {
      const auto stochastic = [&](const NormalizedLogits& logits, bool fused) {
        RuleSampler sampler(st, Random(3).at_step(5));
        sampler.draw(torch::zeros({2, 2}), units);  // so that the site is 1
        return fused ? sampler.draw_normalized(logits, units)
                     : sampler.draw(logits.value(), units);
      };
      const auto mode = [&](const NormalizedLogits& logits, bool fused) {
        return fused ? deterministic_units(logits, units)
                     : deterministic_units(logits.value(), units);
      };
      const auto compare = [&](const auto& draw) {
        const auto got = units_and_gradients(
            layer, torch::kFloat,
            [&](const auto& logits) { return draw(logits, true); });
        const auto plain = units_and_gradients(
            layer, torch::kFloat,
            [&](const auto& logits) { return draw(logits, false); });
        EXPECT_TRUE(got[0].equal(plain[0])) << rows << ' ' << channels;
        for (size_t i = 1; i < got.size(); ++i) {
          // The terms of the sums are the same; their last digits are not.
          EXPECT_LT(relative(got[i], plain[i], layer.terms(i)), 1e-5)
              << i << ' ' << rows << ' ' << channels;
        }
      };
      compare(stochastic);
      compare(mode);
    }
  }
}

TEST_P(FusedUnits, HaveTheGradientOfATensDouble) {
  const auto& noise = find_noise(GetParam());
  const UnitOptions units{Encoding::signs, &noise};
  const Layer layer(3000, 20);
  const auto got = units_and_gradients(
      layer, torch::kFloat,
      [&](const auto& logits) { return deterministic_units(logits, units); });
  const auto x = leaf(layer.x, torch::kDouble);
  const auto w = leaf(layer.weight, torch::kDouble);
  const auto b = leaf(layer.bias, torch::kDouble);
  const auto a = at::batch_norm(x, w, b, {}, {}, true, 0, kEpsilon, false);
  a.backward(
      proxy_gradient(a.detach(), noise, 2, layer.grad.to(torch::kDouble)));
  // Where F' jumps, a unit on the border counts or not: uniform noise alone.
  const double margin = GetParam() == "uniform" ? 1e-3 : 1e-5;
  EXPECT_LT(relative(got[1], x.grad()), margin);
  EXPECT_LT(relative(got[2], w.grad()), margin);
  EXPECT_LT(relative(got[3], b.grad()), margin);
}

TEST_P(FusedUnits, OfBfloat16AreThoseOfItsValues) {
  const auto& noise = find_noise(GetParam());
  const UnitOptions units{Encoding::signs, &noise};
  const BoundEstimator st("st");
  const auto draw = [&](const NormalizedLogits& logits) {
    return RuleSampler(st, Random(3)).draw_normalized(logits, units);
  };
  for (const auto& [rows, channels] : kShapes) {
    Layer layer(rows, channels);
    layer.x = layer.x.to(torch::kBFloat16).to(torch::kFloat);
    layer.grad = layer.grad.to(torch::kBFloat16).to(torch::kFloat);
    const auto got = units_and_gradients(layer, torch::kBFloat16, draw);
    const auto wide = units_and_gradients(layer, torch::kFloat, draw);
    const bool fused = noise.kernel != ThresholdKernel::probability;
    EXPECT_EQ(got[0].scalar_type(), fused ? torch::kBFloat16 : torch::kFloat);
    EXPECT_TRUE(got[0].to(torch::kFloat).equal(wide[0]));
    EXPECT_TRUE(got[1].equal(wide[1].to(torch::kBFloat16)))
        << rows << ' ' << channels;
    EXPECT_TRUE(got[2].equal(wide[2]));
    EXPECT_TRUE(got[3].equal(wide[3]));
  }
}

TEST(NormalizedUnits, OtherRulesAndSlopesTakeTheValue) {
  const Layer layer(40, 9);
  for (const char* name : {"st(slope=2)", "reinmax", "st-deterministic",
                           "gumbel", "st(noise=cauchy)"}) {
    const BoundEstimator estimator(name);
    const auto got = RuleSampler(estimator, Random(3))
                         .draw_normalized(layer.logits(), UnitOptions{});
    EXPECT_TRUE(got.equal(RuleSampler(estimator, Random(3))
                              .draw(layer.logits().value(), UnitOptions{})))
        << name;
  }
  const NoiseRenewal renewal{.keep = 0.5, .fresh = Random(8)};
  const BoundEstimator st("st");
  EXPECT_TRUE(RuleSampler(st, Random(3), renewal)
                  .draw_normalized(layer.logits(), UnitOptions{})
                  .equal(RuleSampler(st, Random(3), renewal)
                             .draw(layer.logits().value(), UnitOptions{})));
}

TEST(NormalizedUnits, ANaNMakesItsChannelLow) {
  for (const auto type : {torch::kFloat, torch::kBFloat16}) {
    Layer layer(300, 7);
    layer.x[123][2] = std::nanf("");
    const auto x = leaf(layer.x, type);
    const auto logits = normalized(x, layer.weight, layer.bias);
    EXPECT_TRUE(logits.value().select(1, 2).isnan().all().item<bool>());
    const BoundEstimator st("st");
    const auto y =
        RuleSampler(st, Random(1)).draw_normalized(logits, UnitOptions{});
    const auto z = deterministic_units(logits, UnitOptions{});
    EXPECT_TRUE(y.select(1, 2).eq(-1).all().item<bool>());
    EXPECT_TRUE(z.select(1, 2).eq(-1).all().item<bool>());
    EXPECT_TRUE(z.select(1, 3).eq(1).any().item<bool>());
    y.backward(layer.grad.to(type));
    const auto bad = x.grad().isnan();
    EXPECT_TRUE(bad.select(1, 2).all().item<bool>());
    EXPECT_EQ(bad.sum().item<int>(), 300);
  }
}

TEST(NormalizedUnits, NumberOfThreadsDoesNotMatter) {
  const int threads = at::get_num_threads();
  const Layer layer(9000, 40);
  const BoundEstimator st("st");
  const auto run = [&] {
    return units_and_gradients(
        layer, torch::kFloat, [&](const NormalizedLogits& logits) {
          return RuleSampler(st, Random(1)).draw_normalized(logits, {});
        });
  };
  at::set_num_threads(1);
  const auto one = run();
  for (int t : {1, 2, 3}) {
    at::set_num_threads(t);
    const auto got = run();
    for (size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(got[i].equal(one[i]));
  }
  at::set_num_threads(threads);
}

}  // namespace
}  // namespace signet

#include "signet/core/draw_units.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "signet/base/error.h"
#include "signet/core/kernels/level.h"

namespace signet {
namespace {

using at::Tensor;

const RandomStream kStream{.seed = 42, .step = 1, .replica = 2, .site = 3};

class DrawUnits : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(, DrawUnits,
                         testing::Values("logistic", "uniform", "triangular",
                                         "gaussian", "laplace", "cauchy",
                                         "sigmoid"),
                         [](const auto& info) { return info.param; });

/// The logits of a layer, wide enough for every tail.
Tensor some_logits(int64_t n) {
  const auto u = RandomStream{.seed = 7}.uniform({n});
  return (u - 0.5) * 12 * (u * 8).frac().ge(0.01);
}

/// Logits within a few ulp of where the draws of kStream change.
Tensor critical_logits(const Noise& noise, int64_t n) {
  const auto u = kStream.uniform({n}, at::TensorOptions(at::kDouble));
  const auto z = noise.quantile(u).to(at::kFloat);
  const auto steps = at::arange(n).remainder(41) - 20;
  return z + z.abs() * steps * 0x1p-24;
}

bool is_closed_form(const Noise& noise) {
  return noise.kernel != ThresholdKernel::logistic &&
         noise.kernel != ThresholdKernel::laplace &&
         noise.kernel != ThresholdKernel::sigmoid;
}

TEST_P(DrawUnits, FusedIsTheComparison) {
  const auto& noise = find_noise(GetParam());
  const int64_t n = 100'000;
  for (const auto& logits : {some_logits(n), critical_logits(noise, n)}) {
    const auto high = draw_units(logits, noise, 0, 1, kStream).to(at::kBool);
    const auto u = kStream.uniform({n});
    if (is_closed_form(noise)) {
      EXPECT_TRUE(at::equal(high, u < noise.cdf(logits)));
      continue;
    }
    // Where F is an exponential: the exact comparison, but for a distance of
    // the rounding of t = a log2(e), |t| 2^-24 in relative odds, of a few
    // operations more, and of F itself near 1.
    const auto f = noise.cdf(logits.to(at::kDouble));
    const auto margin =
        f * (1 - f) * (3 * logits.abs() + 4) * 0x1p-24 + 0x1p-25;
    const auto differs = high.ne(u < f);
    EXPECT_EQ(differs.logical_and((u - f).abs() > margin).sum().item<int>(), 0)
        << "of " << differs.sum().item<int>() << " that differ";
  }
}

TEST_P(DrawUnits, CriticalLogitsAreCritical) {
  // The test above would be vacuous if no margin were ever exceeded narrowly.
  const auto& noise = find_noise(GetParam());
  const auto logits = critical_logits(noise, 10'000);
  const auto u = kStream.uniform({10'000});
  const auto f = noise.cdf(logits.to(at::kDouble));
  EXPECT_GT((u - f).abs().lt(0x1p-20).sum().item<int>(), 9'000);
  const int high = draw_units(logits, noise, 0, 1, kStream).sum().item<int>();
  EXPECT_GT(high, 3'000);
  EXPECT_LT(high, 7'000);
}

// 2^20 draws of each probability, 6 standard errors: false alarm 2e-9 each.
TEST_P(DrawUnits, FrequencyIsF) {
  const auto& noise = find_noise(GetParam());
  const int64_t n = 1 << 20;
  for (float a : {-1.9f, -0.6f, 0.f, 0.25f, 1.5f}) {
    const double f =
        noise.cdf(at::full({}, double(a), at::kDouble)).item<double>();
    const auto units = draw_units(at::full({n}, a), noise, -1, 1, kStream);
    EXPECT_NEAR((units.mean(at::kDouble).item<double>() + 1) / 2, f,
                6 * std::sqrt(f * (1 - f) / n))
        << a;
  }
}

TEST_P(DrawUnits, ExtremeLogits) {
  const auto& noise = find_noise(GetParam());
  const float infinity = std::numeric_limits<float>::infinity();
  const auto of = [&](float a) {
    return draw_units(at::full({100}, a), noise, -1, 1, kStream);
  };
  EXPECT_TRUE(at::equal(of(infinity), at::ones({100})));
  EXPECT_TRUE(at::equal(of(-infinity), -at::ones({100})));
  EXPECT_TRUE(at::equal(of(std::nanf("")), -at::ones({100})));
  if (noise.name != "cauchy") {
    EXPECT_TRUE(at::equal(of(40), at::ones({100})));
    EXPECT_TRUE(at::equal(of(-40), -at::ones({100})));
  }
}

TEST_P(DrawUnits, DoubleDrawsTheSameUnits) {
  const auto& noise = find_noise(GetParam());
  const auto logits = some_logits(10'000);
  const auto units = draw_units(logits, noise, -1, 1, kStream);
  const auto wide = draw_units(logits.to(at::kDouble), noise, -1, 1, kStream);
  EXPECT_EQ(wide.scalar_type(), at::kDouble);
  // The chance that some u is within 2^-22 of F is 0.5 percent; this seed's is
  // not.
  EXPECT_TRUE(at::equal(wide.to(at::kFloat), units));
}

TEST_P(DrawUnits, GradientIsScaleTimesDensityTimesGrad) {
  const auto& noise = find_noise(GetParam());
  const int64_t n = 10'001;
  const auto logits = at::linspace(-40, 40, n, at::kFloat);
  const auto grad = some_logits(n);
  const auto got = proxy_gradient(logits, noise, 2, grad).to(at::kDouble);
  const auto exact =
      proxy_gradient(logits.to(at::kDouble), noise, 2, grad.to(at::kDouble));
  // Rounding of t = a log2(e) as above; below 1e-30, the smallest float that
  // is computed matters.
  const auto margin = exact.abs() * (3 * logits.abs() + 8) * 0x1p-24 + 1e-30;
  const auto loose =
      noise.name == "gaussian" ? exact.abs() * 3e-5 + 1e-30 : margin;
  EXPECT_EQ((got - exact).abs().gt(loose).sum().item<int>(), 0);
}

TEST_P(DrawUnits, ScoreIsTheDerivativeOfLogProb) {
  const auto& noise = find_noise(GetParam());
  const int64_t n = 10'001;
  const auto logits = at::linspace(-40, 40, n, at::kFloat);
  const auto wide = logits.to(at::kDouble);
  for (double value : {-1., 0., 1.}) {
    const auto high = at::full({n}, value > 0.5, at::kBool);
    const auto got = score(noise, logits, at::full({n}, float(value)), 0.5);
    const auto exact = score(noise, wide, high);
    EXPECT_TRUE(at::isfinite(got).all().item<bool>());
    // As above; where F is 1 - t, the rounding of t near 1 as well.
    const auto margin = exact.abs() * (6 * logits.abs() + 12) * 0x1p-24 + 1e-30;
    const auto loose = noise.name == "gaussian" || noise.name == "cauchy" ||
                               noise.name == "triangular"
                           ? exact.abs() * 3e-5 + 1e-6
                           : margin;
    EXPECT_EQ((got - exact).abs().gt(loose).sum().item<int>(), 0) << value;
    const auto leaf = wide.clone().requires_grad_();
    const auto logp = log_prob(noise, leaf, high);
    at::where(logp.isfinite(), logp, at::zeros_like(logp)).sum().backward();
    EXPECT_TRUE(at::allclose(leaf.grad(), exact, 1e-12, 0, false)) << value;
  }
}

// E score = 0, the identity that makes REINFORCE work: F s_high + (1-F) s_low.
TEST_P(DrawUnits, ScoreHasMeanZero) {
  const auto& noise = find_noise(GetParam());
  const auto a = at::linspace(-3, 3, 600, at::kDouble);  // no kinks
  const auto f = noise.cdf(a);
  const auto mean = f * score(noise, a, at::ones_like(a), 0) +
                    (1 - f) * score(noise, a, -at::ones_like(a), 0);
  EXPECT_LT(mean.abs().max().item<double>(), 1e-12);
}

TEST(Units, ImpossibleStatesHaveScoreZero) {
  const auto a = at::full({20}, 1.5f), units = -at::ones({20});
  EXPECT_TRUE(at::equal(score(uniform_noise(), a, units, 0), at::zeros({20})));
  EXPECT_TRUE(
      at::equal(score(uniform_noise(), -a, -units, 0), at::zeros({20})));
}

TEST(Units, ClosedFormGradientsEqualTheReference) {
  const auto logits = at::linspace(-3, 3, 1001, at::kFloat);
  const auto grad = some_logits(1001);
  for (const auto* noise : {&uniform_noise(), &triangular_noise()}) {
    EXPECT_TRUE(at::equal(proxy_gradient(logits, *noise, 2, grad),
                          noise->density(logits) * 2 * grad))
        << noise->name;
    EXPECT_TRUE(at::equal(score(*noise, logits, grad, 0.25),
                          score(*noise, logits, grad > 0.25)))
        << noise->name;
  }
}

TEST(Units, EveryLevelGivesTheSameBits) {
  const float nan = std::nanf(""), infinity = HUGE_VALF;
  const std::vector<float> special{
      0.f,   -0.f, 1.f,   -1.f, 2.f,  -2.f,     40.f,      -40.f, 1e-42f,
      -1e9f, 1e9f, 1e-9f, nan,  -nan, infinity, -infinity, 87.f,  -44.f};
  const kernels::Address address{1, 2, 3, 4};
  const auto& scalar = *kernels::levels().back();
  for (const int64_t n : {0, 1, 7, 8, 15, 16, 17, 63, 64, 65, 128, 129, 5000}) {
    std::vector<float> logits(n), grad(n);
    for (int64_t i = 0; i < n; ++i) {
      logits[i] = i % 3 ? 0.0137f * ((i * 7919) % 1999 - 1000)
                        : special[i / 3 % special.size()];
      grad[i] = 1.f / (1 + i % 13) - 0.5f;
    }
    for (const auto* level : kernels::levels()) {
      for (const auto kernel :
           {ThresholdKernel::probability, ThresholdKernel::logistic,
            ThresholdKernel::uniform, ThresholdKernel::triangular,
            ThresholdKernel::laplace, ThresholdKernel::sigmoid}) {
        constexpr float kGuard = 123.5f;
        std::vector<float> expected(n + 1, kGuard), got(n + 1, kGuard);
        const auto same = [&] {
          return std::memcmp(expected.data(), got.data(),
                             (n + 1) * sizeof(float)) == 0;
        };
        for (int64_t group : {int64_t{0}, int64_t{1} << 27}) {
          scalar.draw(kernel, address, group, n, logits.data(), -1, 1,
                      expected.data());
          level->draw(kernel, address, group, n, logits.data(), -1, 1,
                      got.data());
          EXPECT_TRUE(same()) << level->name << ' ' << int(kernel) << ' ' << n;
        }
        scalar.gradient(kernel, n, logits.data(), 2, grad.data(),
                        expected.data());
        level->gradient(kernel, n, logits.data(), 2, grad.data(), got.data());
        const auto same_but_for_nan = [&] {
          // A NaN's sign and payload are the processor's choice.
          for (auto* values : {&expected, &got}) {
            for (float& v : *values) v = std::isnan(v) ? nan : v;
          }
          return same();
        };
        EXPECT_TRUE(same_but_for_nan())
            << level->name << ' ' << int(kernel) << ' ' << n;
        EXPECT_EQ(got[n], kGuard);
        if (kernel == ThresholdKernel::probability) continue;
        scalar.score(kernel, n, logits.data(), grad.data(), 0.1f,
                     expected.data());
        level->score(kernel, n, logits.data(), grad.data(), 0.1f, got.data());
        EXPECT_TRUE(same_but_for_nan())
            << level->name << ' ' << int(kernel) << ' ' << n;
        EXPECT_EQ(got[n], kGuard);
      }
    }
  }
}

TEST(Units, NumberOfThreadsDoesNotMatter) {
  const int threads = at::get_num_threads();
  const int64_t n = 300'007;
  const auto logits = some_logits(n);
  const auto both = [&] {
    return at::stack({draw_units(logits, logistic_noise(), 0, 1, kStream),
                      proxy_gradient(logits, logistic_noise(), 2, logits)});
  };
  at::set_num_threads(1);
  const auto one = both();
  for (int t : {2, 3}) {
    at::set_num_threads(t);
    EXPECT_TRUE(at::equal(both(), one)) << t;
  }
  at::set_num_threads(threads);
}

TEST(Units, LayoutDoesNotMatter) {
  const auto logits = some_logits(6000).view({20, 300});
  const auto units = draw_units(logits, logistic_noise(), -1, 1, kStream);
  EXPECT_EQ(units.sizes(), logits.sizes());
  const auto transposed = logits.t().contiguous().t();
  ASSERT_FALSE(transposed.is_contiguous());
  EXPECT_TRUE(at::equal(
      draw_units(transposed, logistic_noise(), -1, 1, kStream), units));
  const auto grad = proxy_gradient(logits, logistic_noise(), 2, logits);
  EXPECT_TRUE(at::equal(
      proxy_gradient(transposed, logistic_noise(), 2, transposed), grad));
  EXPECT_EQ(
      draw_units(at::zeros({0, 5}), logistic_noise(), 0, 1, kStream).numel(),
      0);
}

TEST(Units, GradientBroadcasts) {
  const auto logits = some_logits(12).view({3, 4});
  const auto grad = some_logits(24).view({2, 3, 4});
  const auto got = proxy_gradient(logits, logistic_noise(), 1, grad);
  ASSERT_EQ(got.sizes(), grad.sizes());
  for (int k = 0; k < 2; ++k) {
    EXPECT_TRUE(at::allclose(
        got[k], proxy_gradient(logits, logistic_noise(), 1, grad[k]), 1e-5,
        1e-8));
  }
}

TEST(Units, ReducedTypesAreDrawnInFloat) {
  // In bfloat16 F(3) = 0.9975 would round to 1, and no unit be low.
  const auto logits = at::full({100'000}, 3.f).to(at::kBFloat16);
  const auto units = draw_units(logits, logistic_noise(), 0, 1, kStream);
  EXPECT_EQ(units.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(at::equal(
      units.to(at::kFloat),
      draw_units(logits.to(at::kFloat), logistic_noise(), 0, 1, kStream)));
  EXPECT_GT(units.to(at::kFloat).eq(0).sum().item<int>(), 100);
}

TEST(Units, HasNoDerivative) {
  const auto logits = some_logits(10).requires_grad_();
  EXPECT_FALSE(
      draw_units(logits, logistic_noise(), 0, 1, kStream).requires_grad());
  EXPECT_FALSE(
      proxy_gradient(logits, logistic_noise(), 1, logits).requires_grad());
}

TEST(Units, RefusesWholeNumbers) {
  EXPECT_THROW(draw_units(at::arange(3), logistic_noise(), 0, 1, kStream),
               UsageError);
  EXPECT_THROW(
      proxy_gradient(at::arange(3), logistic_noise(), 1, at::zeros({3})),
      UsageError);
}

}  // namespace
}  // namespace signet

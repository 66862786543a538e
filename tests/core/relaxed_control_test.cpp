#include "signet/core/relaxed_control.h"

#include <gtest/gtest.h>

#include "signet/core/torch.h"
#include "tests/core/one_unit.h"

namespace signet {
namespace {

TEST(StateNoise, FollowsTheLogitAsADifferenceQuotientWithTheStateHeld) {
  const auto u = Random(3).site(0).uniform({2000}, torch::kDouble);
  for (const auto& noise : noise_families()) {
    for (const double logit : {-1.7, -0.6, 0.0, 0.3, 0.95, 1.8}) {
      const auto a = torch::full_like(u, logit);
      const auto p = noise.cdf(a);
      const PathLayer layer{{Encoding::bits, &noise}, a, (u < p).to(a)};
      const auto [z, slope] = state_noise(layer, u);
      EXPECT_TRUE((z <= a).equal(layer.is_high()) ||
                  (z - a).abs().min().item<double>() < 1e-12)
          << noise.name;
      EXPECT_TRUE(torch::allclose(noise.cdf(z), u, 1e-10, 1e-12));
      // v: the share of u in the range of its state.
      const auto v = torch::where(layer.is_high(), u / p, (u - p) / (1 - p));
      const auto at = [&](double shift) {
        const auto q = noise.cdf(a + shift);
        return noise.quantile(
            torch::where(layer.is_high(), v * q, q + v * (1 - q)));
      };
      const double h = 1e-6;
      const auto expected = (at(h) - at(-h)) / (2 * h);
      // A state whose range is empty or ends at a + h has no derivative there.
      const auto finite = expected.isfinite();
      const auto error = ((slope - expected) / (1 + expected.abs()))
                             .masked_select(finite)
                             .abs();
      // Second derivatives are largest at the ends of the supports.
      EXPECT_LT(error.quantile(0.99).item<double>(), 1e-5)
          << noise.name << " at " << logit;
    }
  }
}

// With its noise tied the estimate is a function of u alone, so a quadrature
// over u finds its mean to many digits.
TEST(Rebar, HasTheExactMeanByQuadratureForEveryFamily) {
  for (const auto& noise : noise_families()) {
    for (const char* spelling :
         {"rebar(temperature=0.1)", "rebar(temperature=3, scale=2)"}) {
      const OneUnit unit{.a = 0.6,
                         .units = {Encoding::signs, &noise},
                         .loss = [](const Tensor& x) {
                           return torch::exp(0.7 * x) + x.square();
                         }};
      EXPECT_NEAR(one_unit_moments(BoundEstimator(spelling), unit).mean,
                  unit.gradient(), 3e-5)
          << spelling << ", " << noise.name;
    }
  }
}

}  // namespace
}  // namespace signet

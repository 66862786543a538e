// Parameters that the loss has besides the units get their gradient too.

#include <gtest/gtest.h>

#include "signet/core/torch.h"
#include "tests/core/estimator_problem.h"

namespace signet {
namespace {

/// Two-sided false-alarm rate 2.6e-12 a comparison.
constexpr double kZ = 7;

/// Two stochastic layers of 2 units under a head of two weights that is not
/// linear in them. The parameters: logits, weights between, head.
Problem with_head() {
  const auto values = [](std::vector<double> v) {
    return torch::tensor(v, torch::kDouble);
  };
  return {"head",
          {values({0.3, -0.6}), values({0.4, -0.3, 0.2, -0.5}).view({2, 2}),
           values({0.7, -0.4})},
          {},
          [](const auto& p, Sampler& sampler, const UnitOptions& u) {
            const auto x = sampler.draw(p[0], u);
            const auto y =
                sampler.draw((p[1] * x.unsqueeze(-2)).sum(-1) + 0.1, u);
            return torch::exp((p[2] * y).sum(-1));
          }};
}

TEST(DirectGradient, IsPartOfWhatIsUnbiased) {
  for (const auto& e : table<Estimator>()) {
    if (!e.traits.unbiased) continue;
    const BoundEstimator estimator(e.name);
    const auto exact = exact_gradient(estimator, with_head());
    const int64_t n = e.traits.deterministic ? 1 : 1 << 15;
    const auto g = gradients(estimator, with_head(), n, 31);
    for (int64_t i = 0; i < 8; ++i) {
      const auto column = g.select(1, i);
      const auto error =
          n == 1 ? 1e-13
                 : column.std().item<double>() / std::sqrt(double(n)) + 1e-13;
      EXPECT_LT(std::abs((column.mean() - exact[i]).item<double>()), kZ * error)
          << e.name << ", parameter " << i;
    }
  }
}

}  // namespace
}  // namespace signet

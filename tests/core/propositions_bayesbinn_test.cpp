// Propositions 6 and 7 of Shekhovtsov 2021, "Bias-Variance Tradeoffs in
// Single-Sample Binary Gradient Estimators", arXiv:2110.03549: BayesBiNN
// (Meng, Bachmann, Khan 2020, arXiv:2002.10778) as intended and as implemented.

#include <gtest/gtest.h>

#include <cmath>

#include "signet/core/torch.h"
#include "tests/core/one_unit.h"

namespace signet {
namespace {

TEST(Proposition6, BayesBinnIsGumbelSoftmaxOnWeights) {
  // w = tanh((l + d)/t), d = logit(U)/2, mu = tanh(l):
  // dL/dmu ~ J dL/dw, J = (1 - w^2) / (t (1 - tanh(l)^2)).
  const int64_t n = int64_t{1} << 16;
  for (const double l : {-1.2, 0.3, 0.9}) {
    for (const double t : {0.5, 1.5}) {
      const BoundEstimator gumbel("gumbel(temperature=" + number_text(t) + ")");
      const Random random(3);
      const auto weights_at = [&](double at) {
        const auto a = torch::full({n, 1}, at, torch::kDouble);
        return gumbel([&](Sampler& s) { return s.draw(a, {}).squeeze(1); },
                      random)
            .loss;
      };
      const auto w = weights_at(l);
      const double square = 1 - std::pow(std::tanh(l), 2);
      const auto J = (1 - w * w) / (t * square);
      const double h = 1e-5;
      const auto difference = (weights_at(l + h) - weights_at(l - h)) / (2 * h);
      EXPECT_TRUE(difference.div(square).allclose(J, 1e-6, 1e-8));

      const auto [g, u] = one_unit_gradients(
          gumbel, {l, {}, [](const Tensor& x) { return torch::exp(x); }}, n, 3);
      EXPECT_TRUE(g.div(square).allclose(J * torch::exp(w), 1e-12, 1e-12));
      // The sign of w is a Bernoulli weight of probability sigma(2l).
      const auto positive = (w > 0).to(torch::kDouble);
      EXPECT_NEAR((positive * quadrature_weights(u)).sum().item<double>(),
                  1 / (1 + std::exp(-2 * l)), 1e-4);
    }
  }
}

TEST(Proposition7, BayesBinnAsImplementedIsDeterministicIdentity) {
  // With t = e = 1e-10, J_e = (1 - w^2 + e) / (t (1 - mu^2 + e)) is 1/t, so
  //   w = sign(l'),  l' <- (1 - alpha) l' - alpha dL/dw,  l = (N/t) l'
  // whatever N and t. In float tanh(10) = 1, so from the first step on.
  constexpr int kWeights = 200, kSteps = 300, kPoints = 50;
  constexpr double kTemperature = 1e-10, kRate = 1e-3, kSize = 54000;
  const Random random(17);
  const auto inputs =
      random.site(0).uniform({kPoints, kWeights}, torch::kFloat) * 2 - 1;
  const auto targets = random.site(1).uniform({kPoints}, torch::kFloat) * 2 - 1;
  // A smooth loss of all weights, and its derivative.
  const auto derivative = [&](const Tensor& w) {
    const auto y = torch::tanh(inputs.mv(w) / std::sqrt(float(kWeights)));
    return inputs.t().mv((y - targets) * (1 - y * y)) / kPoints;
  };
  const auto latent =
      torch::where(random.site(2).uniform({kWeights}, torch::kFloat) < 0.5,
                   torch::full({}, -10.0F), torch::full({}, 10.0F));
  auto l = latent.clone();
  auto deterministic = latent * (kTemperature / kSize);
  auto mu = torch::tanh(l);
  int64_t flips = 0;
  for (uint32_t step = 0; step < kSteps; ++step) {
    const auto u = random.at_step(step + 1).site(3).uniform({kWeights});
    const auto w = torch::tanh((l + torch::logit(u) / 2) / kTemperature);
    const auto J = (1 - w * w + kTemperature) /
                   (kTemperature * (1 - mu * mu + kTemperature));
    EXPECT_TRUE(J.mul(kTemperature).allclose(torch::ones({}), 1e-6));
    const auto sign =
        torch::where(deterministic >= 0, torch::ones({}), -torch::ones({}));
    ASSERT_TRUE(w.equal(sign)) << step;

    mu = torch::tanh(l);  // of the weights before their update, as published
    l = (1 - kRate) * l - kRate * kSize * J * derivative(w);
    const auto next = (1 - kRate) * deterministic - kRate * derivative(sign);
    flips += ((next >= 0) != (deterministic >= 0)).sum().item<int64_t>();
    deterministic = next;
    const auto scaled = deterministic * (kSize / kTemperature);
    EXPECT_LT(((l - scaled).norm() / l.norm()).item<double>(), 2e-6) << step;
  }
  EXPECT_GT(flips, kWeights);  // the weights did move
}

}  // namespace
}  // namespace signet

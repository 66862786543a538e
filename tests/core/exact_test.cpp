// The oracles: enumeration and transfer matrices.

#include <gtest/gtest.h>

#include "signet/core/torch.h"
#include "tests/core/estimator_problem.h"

namespace signet {
namespace {

TEST(Exact, EqualsADifferenceQuotientOfThePlainSum) {
  // The chain with signs and logistic noise, summed by hand.
  const auto problem = chain({});
  const auto flat = [&] {
    std::vector<double> all;
    for (const auto& p : problem.parameters) {
      const auto row = p.reshape({-1});
      for (int64_t i = 0; i < row.numel(); ++i)
        all.push_back(row[i].item<double>());
    }
    return all;
  }();
  const auto probability = [](double a, int x) {
    return 1 / (1 + std::exp(-2 * a * x));
  };
  const auto expected_loss = [&](const std::vector<double>& q) {
    double sum = 0;
    for (int state = 0; state < 32; ++state) {
      int x[5];
      for (int i = 0; i < 5; ++i) x[i] = (state >> i & 1) ? 1 : -1;
      double weight = 1;
      for (int i = 0; i < 3; ++i) weight *= probability(q[i], x[i]);
      for (int j = 0; j < 2; ++j) {
        double a = q[9 + j];
        for (int i = 0; i < 3; ++i) a += q[3 + 3 * j + i] * x[i];
        weight *= probability(a, x[3 + j]);
      }
      sum += weight * (std::exp(0.5 * x[3] - 0.3 * x[4]) +
                       std::pow(0.2 * x[3] + 0.7 * x[4], 2));
    }
    return sum;
  };
  const auto g = gradients(BoundEstimator("exact"), problem, 1, 0)[0];
  ASSERT_EQ(g.numel(), 11);
  for (size_t i = 0; i < flat.size(); ++i) {
    auto up = flat, down = flat;
    const double h = 1e-5;
    up[i] += h;
    down[i] -= h;
    EXPECT_NEAR(g[static_cast<int64_t>(i)].item<double>(),
                (expected_loss(up) - expected_loss(down)) / (2 * h), 1e-9);
  }
}

TEST(Exact, BlocksAddUpToTheWhole) {
  // 13 units, two blocks: the gradient goes to the leaves in the backward.
  const auto logits = Random(3).site(0).uniform({2, 13}, torch::kDouble) - 0.5;
  const auto weights = torch::linspace(-1, 1, 13, torch::kDouble);
  const auto gradient = [&](const std::string& spelling) {
    auto a = logits.clone().requires_grad_();
    auto w = weights.clone().requires_grad_();
    const auto estimate = BoundEstimator(spelling)(
        [&](Sampler& sampler) {
          return (sampler.draw(a, {}) * w).sum(-1).exp();
        },
        Random(1));
    // E exp(w x) is a product over the units.
    const auto p = torch::sigmoid(2 * logits);
    const auto product =
        (p * weights.exp() + (1 - p) * (-weights).exp()).prod(-1);
    EXPECT_LT((estimate.loss - product).abs().max().item<double>(), 1e-12);
    (estimate.surrogate * torch::tensor({1.0, 3.0}, torch::kDouble))
        .sum()
        .backward();
    return torch::cat({a.grad().flatten(), w.grad()});
  };
  const auto difference =
      gradient("exact") - gradient("exact-layered(units=13)");
  EXPECT_LT(difference.abs().max().item<double>(), 1e-12);
}

TEST(ExactLayered, EqualsEnumerationOnAThreeLayerChain) {
  // Signs, bits and signs; triangular noise between two logistic ones.
  const UnitOptions kinds[] = {{Encoding::signs, &logistic_noise()},
                               {Encoding::bits, &triangular_noise()},
                               {Encoding::signs, &logistic_noise()}};
  const Random random(5);
  const auto value = [&](uint32_t site, at::IntArrayRef shape) {
    return 2 * random.site(site).uniform(shape, torch::kDouble) - 1;
  };
  const auto x = value(0, {6, 2}), y = value(1, {6});
  const auto gradient = [&](const std::string& spelling) {
    std::vector<Tensor> w{value(2, {2, 4}), value(3, {4, 3}), value(4, {3, 4}),
                          value(5, {4})};
    for (auto& weight : w) weight.requires_grad_();
    const auto estimate = BoundEstimator(spelling)(
        [&](Sampler& sampler) {
          auto h = x;
          for (int l = 0; l < 3; ++l)
            h = sampler.draw(torch::matmul(h, w[l]), kinds[l]);
          return torch::softplus(-y * torch::matmul(h, w[3]));
        },
        random);
    estimate.surrogate.mean().backward();
    std::vector<Tensor> all{estimate.loss};
    for (const auto& weight : w) all.push_back(weight.grad().flatten());
    return torch::cat(all);
  };
  const auto difference = gradient("exact") - gradient("exact-layered");
  EXPECT_LT(difference.abs().max().item<double>(), 1e-13);
}

TEST(ExactLayered, RefusesNetworksThatSkipALayer) {
  const auto a = torch::zeros({1, 3});
  const auto message = [&] {
    try {
      BoundEstimator("exact-layered")(
          [&](Sampler& sampler) {
            const auto below = sampler.draw(a, {});
            const auto above = sampler.draw(below, {});
            return (below * above).sum(-1);
          },
          Random(1));
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  }();
  EXPECT_NE(message.find("layer 2"), std::string::npos) << message;
}

TEST(Exact, RefusesWhatItCannotEnumerate) {
  const auto a = torch::zeros({1, 17});
  EXPECT_THROW(
      BoundEstimator("exact")([&](Sampler& s) { return s.draw(a, {}).sum(-1); },
                              Random(1)),
      UsageError);
}

}  // namespace
}  // namespace signet

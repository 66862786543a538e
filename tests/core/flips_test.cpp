// Estimators that flip single units: local-expectation and psa.

#include "signet/core/flips.h"

#include <gtest/gtest.h>

#include "signet/core/torch.h"
#include "tests/core/estimator_problem.h"

namespace signet {
namespace {

/// As in estimators_test.cpp: 2.6e-12 a comparison, here below 200 of them.
constexpr double kZ = 7;

double value(const Tensor& t) { return t.item<double>(); }

double largest(const Tensor& t) { return value(t.abs().max()); }

/// Remembers logits and units of every layer, as rows [E, n].
struct Recorder : Sampler {
  Sampler& inner;
  std::vector<Tensor>&logits, &units;
  Recorder(Sampler& s, std::vector<Tensor>& a, std::vector<Tensor>& x)
      : inner(s), logits(a), units(x) {}
  Tensor draw(const Tensor& a, const UnitOptions& u) override {
    const auto x = inner.draw(a, u);
    logits.push_back(a);
    units.push_back(x.detach());
    return x;
  }
};

/// The estimate of an objective in the logits of its main path, its first run.
struct LogitGradients {
  LogitGradients(const std::string& spelling, const Objective& objective,
                 uint64_t seed) {
    bool first = true;
    const auto estimate = BoundEstimator(spelling)(
        [&](Sampler& sampler) {
          if (!std::exchange(first, false)) return objective(sampler);
          Recorder recorder(sampler, logits, units);
          const auto loss = objective(recorder);
          for (const auto& a : logits) a.retain_grad();
          return loss;
        },
        Random(seed));
    estimate.surrogate.sum().backward();
    for (auto& a : logits) {
      gradients.push_back(a.grad().flatten(1));
      a = a.detach().flatten(1);
    }
    for (auto& x : units) x = x.flatten(1);
  }
  std::vector<Tensor> logits, units, gradients;  ///< [E, n]
};

/// The published messages for a chain of linear layers of signs: W[l] leads
/// from layer l to layer l + 1, head from the last layer to the loss.
std::vector<Tensor> psa_by_formula(const LogitGradients& path,
                                   const std::vector<Tensor>& w,
                                   const std::function<Tensor(Tensor)>& head,
                                   const Noise& noise) {
  std::vector<Tensor> gradients(path.units.size());
  Tensor above;  // the messages of the layer above
  for (size_t l = path.units.size(); l-- > 0;) {
    const auto& x = path.units[l];
    auto message = torch::zeros_like(x);
    for (int64_t i = 0; i < x.size(1); ++i) {
      if (l + 1 == path.units.size()) {
        auto flipped = x.clone();
        flipped.select(1, i).neg_();
        message.select(1, i) = head(flipped) - head(x);
      } else {
        const auto& a = path.logits[l + 1];
        const auto moved =
            a - 2 * w[l].select(1, i) * x.select(1, i).unsqueeze(1);
        message.select(1, i) =
            (above * -path.units[l + 1] * (noise.cdf(moved) - noise.cdf(a)))
                .sum(1);
      }
    }
    gradients[l] = message * -x * noise.density(path.logits[l]);
    above = message;
  }
  return gradients;
}

Tensor smooth(const Tensor& x) {
  const auto w = torch::linspace(0.7, -0.4, x.size(-1), torch::kDouble);
  return torch::exp((x * w).sum(-1)) + x.mean(-1).pow(3);
}

/// Layers of three units, weights of that scale between them.
struct LinearChain {
  LinearChain(double scale, int64_t layers, uint64_t seed) : scale(scale) {
    const auto normal = [&](at::IntArrayRef shape, uint32_t index) {
      const auto u = Random(seed)
                         .site(RandomUse::user, index)
                         .uniform(shape, torch::kDouble);
      return gaussian_noise().quantile(u) * 1.2533141373155001;
    };
    problem.name = "linear chain";
    problem.parameters = {normal({3}, 0)};
    for (int64_t l = 1; l < layers; ++l)
      weights.push_back(
          (scale * normal({3, 3}, static_cast<uint32_t>(l))).requires_grad_());
    bias = normal({3}, 100).requires_grad_();
    problem.loss = [this](const auto& p, Sampler& sampler,
                          const UnitOptions& u) {
      auto x = sampler.draw(p[0], u);
      for (const auto& w : weights)
        x = sampler.draw(torch::matmul(x, w.t()) + bias, u);
      return head(x);
    };
  }
  LinearChain(const LinearChain&) = delete;
  Tensor head(const Tensor& x) const { return smooth(scale * x); }
  Objective objective(int64_t examples, const UnitOptions& units) const {
    const auto a =
        problem.parameters[0].expand({examples, 3}).clone().requires_grad_();
    return [=, this](Sampler& s) { return problem.loss({a}, s, units); };
  }
  double scale;
  std::vector<Tensor> weights;
  Tensor bias;
  Problem problem;
};

/// Two stochastic convolutions, which fold axes in front of the examples into
/// the batch: 3x4 image, 2 channels of 2x3 units, 1 channel of 1x2 units.
struct Convolutions {
  Convolutions() {
    const auto numbers = [](at::IntArrayRef shape, uint32_t index) {
      return 2 * Random(5)
                     .site(RandomUse::user, index)
                     .uniform(shape, torch::kDouble) -
             1;
    };
    image = numbers({1, 1, 3, 4}, 0);
    first = numbers({2, 1, 2, 2}, 1).requires_grad_();
    second = numbers({1, 2, 2, 2}, 2).requires_grad_();
  }
  static Tensor fold(const Tensor& x, const Tensor& kernel) {
    const auto y = torch::conv2d(x.flatten(0, -4), kernel);
    auto shape = x.sizes().vec();
    shape.resize(shape.size() - 3);
    for (const int i : {1, 2, 3}) shape.push_back(y.size(i));
    return y.view(shape);
  }
  Objective two_layers(int64_t examples, const UnitOptions& units) const {
    return [=, this](Sampler& s) {
      const auto pixels = image.expand({examples, 1, 3, 4});
      const auto x = s.draw(fold(pixels, first), units);
      return smooth(s.draw(fold(x, second), units).flatten(-3));
    };
  }
  /// Units [E, 1, 3, 4] under a convolution.
  Objective one_layer(const Tensor& logits, const UnitOptions& units) const {
    return [=, this](Sampler& s) {
      return smooth(fold(s.draw(logits, units), first).tanh().flatten(-3));
    };
  }
  Tensor image, first, second;
};

std::vector<UnitOptions> unit_options() {
  std::vector<UnitOptions> all;
  for (const auto& noise : noise_families()) {
    all.push_back({Encoding::bits, &noise});
    all.push_back({Encoding::signs, &noise});
  }
  return all;
}

TEST(LocalExpectation, SumsOverEachUnitGivenTheOthers) {
  for (const auto& units : unit_options()) {
    const auto problem = one_layer(units);
    const auto a =
        problem.parameters[0].expand({200, 4}).clone().requires_grad_();
    const LogitGradients path(
        "local-expectation",
        [&](Sampler& s) { return problem.loss({a}, s, units); }, 21);
    const auto loss_at = [&](int64_t i, double state) {
      auto x = path.units[0].clone();
      x.select(1, i).fill_(state);
      return branch_loss(
          [&](Sampler& s) { return problem.loss({a}, s, units); }, Random(21),
          {{x}});
    };
    const auto slope = units.noise->density(path.logits[0]);
    for (int64_t i = 0; i < 4; ++i) {
      const auto difference =
          loss_at(i, high(units.encoding)) - loss_at(i, low(units.encoding));
      EXPECT_LT(largest(path.gradients[0].select(1, i) -
                        slope.select(1, i) * difference),
                1e-13);
    }
  }
}

TEST(LocalExpectation, HasNoVarianceForOneUnit) {
  for (const auto& units : unit_options()) {
    const Problem problem{"one unit",
                          {torch::full({1}, 0.3, torch::kDouble)},
                          units,
                          [](const auto& p, Sampler& s, const UnitOptions& u) {
                            return smooth(s.draw(p[0], u));
                          }};
    for (const auto* name : {"local-expectation", "psa"}) {
      const auto g = gradients(BoundEstimator(name), problem, 1000, 22);
      EXPECT_LT(largest(g - g[0]), 1e-14) << units.noise->name;
    }
  }
}

TEST(Flips, BlocksDoNotMatter) {
  // Of 2^19 examples of three units a block holds two flips.
  for (const auto* name : {"local-expectation", "psa"}) {
    const BoundEstimator estimator(name);
    const auto many = gradients(estimator, chain({}), 1 << 19, 23);
    EXPECT_TRUE(
        many.slice(0, 0, 100).equal(gradients(estimator, chain({}), 100, 23)))
        << name;
  }
}

// Layers side by side, none above another: what is flipped in one leaves the
// units of the other as they are, in every example by itself.
TEST(Psa, IsLocalExpectationForLayersSideBySide) {
  const auto values = [](std::vector<double> v) {
    return torch::tensor(v, torch::kDouble);
  };
  const Problem problem{
      "side by side",
      {values({0.4, -0.2, 0.1}), values({-0.3, 0.6, 0.2})},
      {},
      [](const auto& p, Sampler& sampler, const UnitOptions& u) {
        const auto x = sampler.draw(p[0], u), y = sampler.draw(p[1], u);
        return smooth(x + 0.5 * y) + (x * y).sum(-1).square();
      }};
  const auto g = gradients(BoundEstimator("psa"), problem, 3, 30);
  const auto h = gradients(BoundEstimator("local-expectation"), problem, 3, 30);
  EXPECT_LT(largest(g - h), 1e-13);
  EXPECT_LT(deviation(BoundEstimator("psa"), problem, 30).z, kZ);
}

TEST(Psa, IsLocalExpectationForOneLayer) {
  for (const auto& units : unit_options()) {
    const auto problem = one_layer(units);
    const auto g = gradients(BoundEstimator("psa"), problem, 500, 24);
    const auto h =
        gradients(BoundEstimator("local-expectation"), problem, 500, 24);
    EXPECT_LT(largest(g - h), 1e-13) << units.noise->name;
  }
}

TEST(Psa, FollowsThePublishedMessagesInLinearChains) {
  for (const auto& noise : noise_families()) {
    const UnitOptions units{Encoding::signs, &noise};
    const LinearChain net(1, 3, 25);
    const LogitGradients path("psa", net.objective(200, units), 25);
    const auto expected = psa_by_formula(
        path, net.weights, [&](const Tensor& x) { return net.head(x); }, noise);
    for (size_t l = 0; l < 3; ++l)
      EXPECT_LT(largest(path.gradients[l] - expected[l]), 1e-12)
          << noise.name << l;
  }
}

TEST(Psa, FollowsThePublishedMessagesInConvolutions) {
  const Convolutions net;
  for (const auto& noise : noise_families()) {
    const UnitOptions units{Encoding::signs, &noise};
    const LogitGradients path("psa", net.two_layers(100, units), 26);
    // The second convolution as a matrix [2, 12].
    const auto basis = torch::eye(12, torch::kDouble).view({12, 2, 2, 3});
    const auto matrix =
        net.fold(basis, net.second).detach().flatten(1).t().contiguous();
    const auto expected = psa_by_formula(path, {matrix}, smooth, noise);
    for (size_t l = 0; l < 2; ++l)
      EXPECT_LT(largest(path.gradients[l] - expected[l]), 1e-12)
          << noise.name << l;
  }
}

TEST(Psa, IsExactForUnitsUnderAConvolution) {
  const Convolutions net;
  for (const auto& units : unit_options()) {
    const auto gradient = [&](const std::string& spelling, int64_t examples) {
      auto a = net.image.expand({examples, 1, 3, 4}).clone().requires_grad_();
      const auto estimate =
          BoundEstimator(spelling)(net.one_layer(a, units), Random(27));
      estimate.surrogate.sum().backward();
      return a.grad().flatten(1);
    };
    const auto exact = gradient("exact", 1);
    const auto g = gradient("psa", 1 << 14);
    const auto error = g.std(0) / std::sqrt(static_cast<double>(g.size(0)));
    EXPECT_LT(largest((g.mean(0) - exact) / (error + 1e-13)), kZ)
        << units.noise->name;
  }
}

TEST(Psa, LinearisesToStraightThrough) {
  for (const auto* name : {"logistic", "gaussian", "laplace", "cauchy"}) {
    const UnitOptions units{Encoding::signs, &find_noise(name)};
    // The greatest relative difference, sample by sample on the same path.
    const auto difference = [&](double scale) {
      const LinearChain net(scale, 3, 28);
      const auto objective = net.objective(200, units);
      const LogitGradients psa("psa", objective, 28);
      const LogitGradients st("st", objective, 28);
      double worst = 0;
      for (size_t l = 0; l < 3; ++l) {
        worst =
            std::max(worst, value((psa.gradients[l] - st.gradients[l]).norm() /
                                  st.gradients[l].norm()));
      }
      return worst;
    };
    const double slope = std::log2(difference(0.02) / difference(0.01));
    EXPECT_NEAR(slope, 1, 0.1) << name;
  }
}

TEST(Psa, HasLessBiasThanStraightThroughInChains) {
  // Mean over networks of the bias of the first layer's gradient over its
  // norm; from 2^17 replicates.
  const auto bias = [](const std::string& name, double scale, int64_t layers) {
    double sum = 0;
    for (uint64_t net = 0; net < 5; ++net) {
      const LinearChain chain(scale, layers, 40 + net);
      const auto exact = exact_gradient(BoundEstimator("exact"), chain.problem);
      const auto g =
          gradients(BoundEstimator(name), chain.problem, 1 << 17, 29 + net);
      sum += value((g.mean(0) - exact).norm() / exact.norm()) / 5;
    }
    return sum;
  };
  const struct {
    double scale;
    int64_t layers;
    double psa, st;
  } cases[] = {{0.2, 2, 0.005, 0.110},
               {0.2, 3, 0.021, 0.229},
               {1.0, 2, 0.091, 0.593},
               {1.0, 3, 0.147, 0.786}};
  for (const auto& [scale, layers, psa, st] : cases) {
    EXPECT_NEAR(bias("psa", scale, layers), psa, 0.005) << scale << layers;
    EXPECT_NEAR(bias("st", scale, layers), st, 0.02) << scale << layers;
  }
}

}  // namespace
}  // namespace signet

#include <gtest/gtest.h>

#include <cmath>

#include "signet/core/step.h"
#include "signet/core/straight_through.h"
#include "tests/optim/one_weight.h"

namespace signet {
namespace {

constexpr int64_t kWeights = 7;

/// delta of the first parameter, at the address that weights_of_pass states.
std::vector<double> noise(const Random& random) {
  const auto u =
      random.site(RandomUse::weights, 0).uniform({kWeights}, torch::kDouble);
  std::vector<double> delta;
  for (int64_t i = 0; i < kWeights; ++i) {
    const double v = u[i].item<double>();
    delta.push_back(0.5 * std::log(v / (1 - v)));
  }
  return delta;
}

/// The derivative of the loss of all tests, sum (w - target)^2 / 2, at w.
double slope(double w, uint32_t step, int64_t i) {
  return w - numbers(step, kWeights, torch::kDouble)[i].item<double>();
}

struct Settings {
  double N, temperature, epsilon, momentum, prior, prior_weight;
  int samples;
};

/// The published program in plain doubles; without epsilon and stale means it
/// is the intended algorithm.
std::vector<double> plain(const Settings& s, bool published, double rate,
                          int steps) {
  std::vector<double> lambda, mu, m(kWeights, 0);
  for (int64_t i = 0; i < kWeights; ++i) {
    lambda.push_back(numbers(0, kWeights, torch::kDouble)[i].item<double>() >= 0
                         ? 0.6
                         : -0.6);
    mu.push_back(std::tanh(lambda.back()));
  }
  for (int t = 1; t <= steps; ++t) {
    std::vector<double> mean_gradient(kWeights, 0);
    for (int k = 0; k < s.samples; ++k) {
      const auto delta =
          noise(Random(3).at_step(static_cast<uint32_t>(t)).replica(k));
      for (size_t i = 0; i < kWeights; ++i) {
        const double w = std::tanh((lambda[i] + delta[i]) / s.temperature);
        const double mean = published ? mu[i] : std::tanh(lambda[i]);
        const double e = published ? s.epsilon : 0;
        const double J =
            (1 - w * w + e) / s.temperature / (1 - mean * mean + e);
        mean_gradient[i] += J * slope(w, t, i) / s.samples;
      }
    }
    if (s.samples == 0) {
      for (size_t i = 0; i < kWeights; ++i)
        mean_gradient[i] = slope(std::tanh(lambda[i]), t, i);
    }
    for (size_t i = 0; i < kWeights; ++i) {
      mu[i] = std::tanh(lambda[i]);
      m[i] = s.momentum * m[i] +
             (1 - s.momentum) * (s.N * mean_gradient[i] +
                                 s.prior_weight * (lambda[i] - s.prior));
      lambda[i] -= rate * m[i] / (1 - std::pow(s.momentum, t));
    }
  }
  return lambda;
}

Tensor trained(const Settings& s, bool published, double rate, int steps) {
  auto spelling =
      (published ? "bayesbinn-published(epsilon=" + number_text(s.epsilon) + ","
                 : std::string("bayesbinn(")) +
      "initial=0.6, examples=" + number_text(s.N) +
      ", temperature=" + number_text(s.temperature) +
      ", momentum=" + number_text(s.momentum) +
      ", prior=" + number_text(s.prior) +
      ", prior_weight=" + number_text(s.prior_weight) +
      ", samples=" + std::to_string(s.samples) + ")";
  auto p = numbers(0, kWeights, torch::kDouble).requires_grad_();
  Optimizer optimizer;
  optimizer.add("p", p, BoundRule(spelling), ParameterKind::latent);
  optimizer.start();
  for (uint32_t t = 1; t <= static_cast<uint32_t>(steps); ++t) {
    optimizer.zero_grad();
    for (int64_t k = 0; k < optimizer.passes(); ++k) {
      const auto w = optimizer.weights_of_pass(
          Random(3).at_step(t).replica(static_cast<uint32_t>(k)))(p);
      const auto loss =
          (w - numbers(t, kWeights, torch::kDouble)).square().sum() / 2;
      (loss / optimizer.passes()).backward();
    }
    optimizer.step(rate);
  }
  return p.detach();
}

TEST(BayesBinn, BothVersionsAreTheirAlgorithms) {
  // Steps of ordinary size, so that every term has its part in the result.
  const Settings settings[] = {{20, 0.7, 1e-2, 0, 0, 1, 1},
                               {20, 0.7, 1e-2, 0.9, 0.3, 2, 3},
                               {5, 1.5, 0.2, 0.5, -0.2, 0, 2},
                               {20, 0.7, 1e-2, 0.9, 0.3, 2, 0}};
  for (const auto& s : settings) {
    for (const bool published : {false, true}) {
      const auto p = trained(s, published, 0.01, 25);
      const auto expected = plain(s, published, 0.01, 25);
      for (size_t i = 0; i < kWeights; ++i) {
        EXPECT_NEAR(p[static_cast<int64_t>(i)].item<double>(), expected[i],
                    1e-11);
      }
    }
  }
}

TEST(BayesBinn, BackwardIsTheDerivativeInTheMean) {
  for (const double temperature : {0.3, 1.0, 2.0}) {
    Optimizer optimizer;
    auto p = (numbers(0, 500, torch::kDouble) * 3).requires_grad_();
    optimizer.add(
        "p", p,
        BoundRule("bayesbinn(temperature=" + number_text(temperature) + ")"),
        ParameterKind::latent);
    const auto make = optimizer.weights_of_pass(Random(4));
    make(p).sum().backward();
    const auto J = p.grad().clone();
    const double h = 1e-5;
    const auto moved = [&](double by) {
      torch::NoGradGuard no_gradient;
      p.add_(by);
      const auto w = make(p).clone();
      p.sub_(by);
      return w;
    };
    torch::NoGradGuard no_gradient;
    const auto difference = (moved(h) - moved(-h)) / (2 * h);
    const auto expected = difference / (1 - torch::tanh(p).square());
    EXPECT_TRUE(J.allclose(expected, 1e-6, 1e-8)) << temperature;
  }
}

TEST(BayesBinn, BackwardIsFiniteWhereMeansAreCertain) {
  // 1 - tanh(40)^2 = 0 in floating point, though J is exp(40) / 2 or so.
  for (const auto type : {torch::kFloat, torch::kDouble}) {
    auto p = torch::full({1000}, 40.0, type).requires_grad_();
    Optimizer optimizer;
    optimizer.add("p", p, BoundRule("bayesbinn(temperature=2)"),
                  ParameterKind::latent);
    optimizer.weights_of_pass(Random(4))(p).sum().backward();
    EXPECT_TRUE(p.grad().isfinite().all().item<bool>());
    EXPECT_GT(p.grad().min().item<double>(), 1e12);
  }
}

TEST(BayesBinn, StartsAtTheSignsOfTheLayer) {
  for (const auto* rule : {"bayesbinn-published", "bayesbinn(initial=10)"}) {
    auto p = numbers(0, 100).requires_grad_();
    const auto signs = step(p, -1, 1);
    Optimizer optimizer;
    optimizer.add("p", p, BoundRule(rule), ParameterKind::latent);
    optimizer.start();
    EXPECT_TRUE(p.equal(signs * 10));
  }
}

/// A perceptron with tanh units and a logistic loss on points whose labels are
/// partly noise, so that no weights fit them. One output: with several, a
/// hidden unit whose outgoing weights are equal has a gradient of 0 but for
/// rounding, and no |lambda| >> 1.
class Perceptron {
 public:
  explicit Perceptron(const std::string& spelling) {
    const BoundRule rule(spelling);
    for (auto* w : {&first_, &second_}) {
      w->requires_grad_();
      optimizer_.add(w == &first_ ? "first" : "second", *w, rule,
                     ParameterKind::latent);
    }
    optimizer_.start();
  }

  void train_step(uint32_t t) {
    const auto make = optimizer_.weights_of_pass(Random(6).at_step(t));
    const auto weights = [&](const Tensor& latent) {
      return make ? make(latent)
                  : straight_through(latent, step(latent, -1, 1),
                                     torch::ones({}));
    };
    optimizer_.zero_grad();
    const auto first = weights(first_), second = weights(second_);
    used_ = torch::cat({first.detach().flatten(), second.detach()});
    const auto scores =
        torch::tanh(torch::matmul(inputs_, first.t()) / 3).mv(second);
    // Large, so that |lambda| >> 1 for N = 1 as it is for published N.
    const auto loss = -1000 * torch::log_sigmoid(scores * labels_).mean();
    loss.backward();
    optimizer_.step(0.02);
    loss_ = loss.item<double>();
  }

  Tensor signs() const {
    return torch::cat({step(first_, -1, 1).flatten(), step(second_, -1, 1)});
  }
  const Tensor& used() const { return used_; }
  double loss() const { return loss_; }

 private:
  static constexpr int64_t kInputs = 9, kHidden = 9, kPoints = 80;
  Tensor inputs_ = numbers(90, kPoints* kInputs).view({kPoints, kInputs});
  Tensor labels_ =
      step(inputs_.mv(numbers(91, kInputs)) + numbers(92, kPoints) / 2, -1, 1);
  Tensor first_ = numbers(93, kHidden* kInputs).view({kHidden, kInputs});
  Tensor second_ = numbers(94, kHidden);
  Tensor used_;
  double loss_ = 0;
  Optimizer optimizer_;
};

TEST(Proposition7, PublishedBayesBinnIsDeterministicOnARealNetwork) {
  // One deterministic algorithm for all N and temperatures, from step 0 on.
  for (const double n : {1.0, 1000.0, 60000.0}) {
    for (const double temperature : {1e-10, 1e-8}) {
      Perceptron equivalent("bayesbinn-equivalent");
      Perceptron published("bayesbinn-published(examples=" + number_text(n) +
                           ", temperature=" + number_text(temperature) + ")");
      int64_t flips = 0;
      double first_loss = 0;
      for (uint32_t t = 1; t <= 120; ++t) {
        const auto before = equivalent.signs();
        equivalent.train_step(t);
        published.train_step(t);
        ASSERT_TRUE(published.used().equal(before)) << n << " " << t;
        ASSERT_TRUE(published.signs().equal(equivalent.signs()))
            << n << " " << temperature << " " << t;
        flips += before.ne(equivalent.signs()).sum().item<int64_t>();
        if (t == 1) first_loss = equivalent.loss();
      }
      EXPECT_GT(flips, 100);  // the weights did move, and to some end
      EXPECT_LT(equivalent.loss(), 0.7 * first_loss);
    }
  }
}

TEST(BayesBinn, EquivalentIsMirrorDescentWithExplicitDecay) {
  for (const double latent : {-0.4, 0.0, 1.2}) {
    for (const double g : {-0.3, 0.0, 2.0}) {
      EXPECT_NEAR(stepped("bayesbinn-equivalent", latent, g, 0.1),
                  stepped("mirror-descent(divergence=mean-kl, direction=sgd, "
                          "decay=1, decay_step=explicit)",
                          latent, g, 0.1),
                  1e-15);
    }
  }
}

}  // namespace
}  // namespace signet

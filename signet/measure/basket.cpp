#include "signet/measure/basket.h"

#include <algorithm>
#include <cmath>

#include "signet/core/checks.h"
#include "signet/core/torch.h"
#include "signet/measure/gradients.h"

namespace signet {
namespace {

constexpr int64_t kKept = 200;  // steps that curves keep

/// One step of plain descent, or of Adam with its usual constants.
class Descent {
 public:
  Descent(const std::string& name, double rate)
      : is_adam_(name == "adam"), rate_(rate) {
    check(is_adam_ || name == "sgd", "basket",
          "optimizer must be adam or sgd, but got '" + name + "'");
  }

  void step(Tensor& values, const Tensor& gradient) {
    if (!is_adam_) {
      values -= rate_ * gradient;
      return;
    }
    constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;
    if (!first_.defined()) {
      first_ = torch::zeros_like(values);
      second_ = torch::zeros_like(values);
    }
    ++steps_;
    first_.mul_(kBeta1).add_(gradient, 1 - kBeta1);
    second_.mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
    const auto scale =
        (second_ / (1 - std::pow(kBeta2, steps_))).sqrt_().add_(kEpsilon);
    values -= first_ / scale * (rate_ / (1 - std::pow(kBeta1, steps_)));
  }

 private:
  bool is_adam_;
  double rate_;
  int64_t steps_ = 0;
  Tensor first_, second_;
};

Tensor row_of(const Problem& problem) {
  std::vector<Tensor> parts;
  for (const auto& parameter : all_parameters(problem))
    parts.push_back(parameter.detach().to(torch::kDouble).flatten());
  return torch::cat(parts);
}

}  // namespace

void MovingVariance::add(const Tensor& gradient) {
  if (!first_.defined()) {
    first_ = torch::zeros_like(gradient);
    second_ = torch::zeros_like(gradient);
  }
  first_.mul_(decay_).add_(gradient, 1 - decay_);
  second_.mul_(decay_).addcmul_(gradient, gradient, 1 - decay_);
  weight_ = decay_ * weight_ + (1 - decay_);
}

double MovingVariance::value() const {
  if (!first_.defined()) return 0;
  return (second_ / weight_ - (first_ / weight_).square())
      .clamp_min(0)
      .mean()
      .item<double>();
}

Basket run_basket(const Problem& problem,
                  const std::vector<std::string>& estimators,
                  const BasketOptions& options,
                  const std::function<void(int64_t)>& progress) {
  check(!estimators.empty(), "basket", "there must be an estimator");
  check(options.batch >= 0 && options.batch <= problem.examples, "basket",
        "batch must be at most the " + std::to_string(problem.examples) +
            " examples of the problem, but got " +
            std::to_string(options.batch));
  struct Follower {
    BoundEstimator estimator;
    EstimatorState state = {};
    MovingVariance variance;
  };
  std::vector<Follower> followers;
  Basket basket;
  for (const auto& spelling : estimators) {
    followers.push_back({.estimator = BoundEstimator(spelling),
                         .variance = MovingVariance(options.decay)});
    basket.curves.push_back({spelling, followers.back().estimator.spell(), {}});
  }
  auto values = row_of(problem);
  Descent descent(options.optimizer, options.rate);
  const int64_t every = (options.steps + kKept - 1) / kKept;
  for (int64_t step = 1; step <= options.steps; ++step) {
    const auto random = options.random.at_step(static_cast<uint32_t>(step));
    auto here = problem;
    if (options.batch > 0 && options.batch < problem.examples) {
      here = problem.restricted(random.site(RandomUse::shuffle)
                                    .permutation(problem.examples)
                                    .narrow(0, 0, options.batch));
    }
    here = at_values(here, values);
    Tensor direction;
    for (auto& follower : followers) {
      const auto gradient =
          sample_gradients(follower.estimator, here, 1, random, follower.state)
              .gradients[0]
              .to(torch::kDouble);
      follower.variance.add(gradient);
      if (!direction.defined()) direction = gradient;
    }
    descent.step(values, direction);
    if (step % every == 0 || step == options.steps) {
      basket.steps.push_back(step);
      for (size_t i = 0; i < followers.size(); ++i)
        basket.curves[i].variance.push_back(followers[i].variance.value());
    }
    if (progress) progress(step);
  }
  basket.end = at_values(problem, values);
  return basket;
}

}  // namespace signet

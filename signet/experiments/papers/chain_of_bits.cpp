#include "signet/experiments/papers/chain_of_bits.h"

#include <algorithm>
#include <cmath>

#include "signet/core/torch.h"
#include "signet/experiments/papers/single_unit.h"
#include "signet/measure/gradients.h"

namespace signet {
namespace {

/// A chain of single bits, each the log-odds of the next: the gradient of the
/// last in the log-odds of the first is the product of the layers' factors.
Problem chain_of_bits(int layers) {
  return {.name = "chain of bits",
          .groups = {{"logit", {torch::full({1}, kEta / 2, at::kDouble)}}},
          .loss = [layers](const std::vector<Tensor>& p, Sampler& sampler) {
            const UnitOptions bits{.encoding = Encoding::bits};
            auto x = sampler.draw(p[0], bits);
            for (int l = 1; l < layers; ++l) x = sampler.draw(x / 2, bits);
            return x.squeeze(-1);
          }};
}

}  // namespace

Tensor chain_gradients(int layers, double t, int64_t n, const Random& random) {
  return sample_gradients(BoundEstimator(at_temperature("gumbel", t)),
                          chain_of_bits(layers), n, random)
      .gradients.squeeze(1)
      .abs()
      .div(2);
}

double share_above(const Tensor& values, double e) {
  return (values >= e).to(at::kDouble).mean().item<double>();
}

double exponential_law(int64_t n, const Random& random) {
  const std::vector<double> temperatures = {0.1, 0.05, 0.025};
  const auto u = random.site(0).uniform({n}, at::kDouble);
  const auto distance = (kEta - torch::logit(u)).abs();
  // Doubles end at exp(-745).
  const auto far = (distance > 10 * temperatures.front())
                       .logical_and(distance < 600 * temperatures.back());
  double mean = 0;
  for (const double t : temperatures)
    mean += 1 / t / static_cast<double>(temperatures.size());
  Tensor products;
  double squares = 0;
  for (const double t : temperatures) {
    const auto y =
        torch::log(t * chain_gradients(1, t, n, random).masked_select(far));
    const auto product = (1 / t - mean) * y;
    products = products.defined() ? products + product : product;
    squares += std::pow(1 / t - mean, 2);
  }
  const auto slope = products / squares;
  return (slope / -distance.masked_select(far) - 1).abs().max().item<double>();
}

Rarity rarity(const Tensor& g) {
  const double mean = g.mean().item<double>();
  return {1 - share_above(g, mean / 100), share_above(g, 10 * mean),
          (g * (g >= 10 * mean)).sum().item<double>() / g.sum().item<double>()};
}

double share_distance(const Tensor& g, double t) {
  const auto n = static_cast<double>(g.numel());
  double result = 0;
  for (const double e : {0.001, 0.01, 0.1, 0.5}) {
    const double p = large_factor_share(kEta, t, e);
    const double error = std::max(std::sqrt(p * (1 - p) / n), 1 / n);
    result = std::max(result, std::abs(share_above(g, e) - p) / error);
  }
  return result;
}

}  // namespace signet

#include "signet/experiments/papers/st_proxies.h"

#include <algorithm>
#include <cmath>

#include "signet/core/draw_units.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"
#include "signet/measure/gradients.h"

namespace signet {
namespace {

/// Units of the network's own noise, or of its mode, with any proxy.
class ProxySampler : public Sampler {
 public:
  ProxySampler(const Proxy& proxy, bool deterministic, const Random& random)
      : proxy_(proxy), deterministic_(deterministic), random_(random) {}

  Tensor draw(const Tensor& logits, const UnitOptions& units) override {
    const auto a = logits.detach();
    const auto x = deterministic_ ? ModeSampler().draw(a, units)
                                  : draw_units(a, *units.noise, -1, 1,
                                               random_.site(site_++));
    return proxy_.noise
               ? straight_through(logits, x, *proxy_.noise, 2)
               : straight_through(logits, x, torch::ones({}, a.options()));
  }

 private:
  const Proxy& proxy_;
  bool deterministic_;
  Random random_;
  uint32_t site_ = 0;
};

}  // namespace

const std::vector<Proxy>& proxies() {
  static const std::vector<Proxy> all{{"tanh", &logistic_noise()},
                                      {"Htanh", &uniform_noise()},
                                      {"ApproxSign", &triangular_noise()},
                                      {"erf", &gaussian_noise()},
                                      {"identity", nullptr}};
  return all;
}

Accuracy measure_proxy(const Problem& problem, const Reference& reference,
                       const Proxy& proxy, bool deterministic, int64_t samples,
                       const Random& random) {
  const auto ranges = parameter_ranges(problem);
  GradientStatistics statistics(ranges, reference, samples);
  const int64_t wanted = deterministic ? 1 : samples;
  const int64_t replicates = replicates_of_a_run(problem);
  for (uint32_t run = 0; statistics.samples() < wanted; ++run) {
    const auto leaves = replicated_parameters(
        problem, std::min(replicates, wanted - statistics.samples()));
    ProxySampler sampler(proxy, deterministic, random.replica(run));
    problem.loss(leaves, sampler).mean(-1).sum().backward();
    statistics.add(gradient_rows(leaves).to(torch::kDouble));
  }
  Accuracy accuracy;
  const auto groups = statistics.result({}, {.deterministic = deterministic});
  const auto mean = statistics.as_reference("mean of all samples");
  for (size_t l = 1; l + 1 < ranges.size(); ++l) {
    double bias = 0, gradient = 0, square = 0, product = 0;
    for (int64_t k = 0; k < ranges[l].count; ++k) {
      const auto j = static_cast<size_t>(ranges[l].first + k);
      const double g = reference.gradient[j], m = mean.gradient[j];
      const double noise = mean.error[j] * mean.error[j];
      bias += (m - g) * (m - g) - noise;
      gradient += g * g;
      square += m * m - noise;
      product += m * g;
    }
    accuracy.bias_square.push_back(bias);
    accuracy.gradient_square.push_back(gradient);
    accuracy.cosine.push_back(groups[l].means.front().cosine);
    // No vector of this product with the gradient is shorter.
    square = std::max(square, product * product / gradient);
    // Htanh is 0 where every unit is sure, and 0 has no direction.
    accuracy.mean_cosine.push_back(
        square > 0 ? product / std::sqrt(square * gradient) : 0);
  }
  return accuracy;
}

}  // namespace signet

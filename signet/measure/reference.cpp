#include "signet/measure/reference.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "signet/core/checks.h"
#include "signet/core/torch.h"
#include "signet/measure/gradients.h"
#include "signet/measure/rounding.h"

namespace signet {
namespace {

constexpr const char* kExact[] = {"exact-layered", "exact"};
constexpr double kLastPlaces = 1e-15;  // two or three of a double
constexpr const char* kSampled = "rloo(samples=4)";

std::vector<double> as_vector(const Tensor& row) {
  const auto values = row.to(torch::kDouble).cpu().contiguous();
  const double* data = values.data_ptr<double>();
  return {data, data + values.numel()};
}

Reference exact_gradient(const Problem& problem,
                         const BoundEstimator& estimator) {
  const auto wide = in_double(problem);
  const auto exact = sample_gradients(estimator, wide, 1, Random(0));
  const auto& g = exact.gradients[0];
  const double rounding =
      rounding_of_estimate(estimator, wide, 1, Random(0), {})[0] +
      kLastPlaces * g.norm().item<double>();
  const auto size = static_cast<size_t>(g.numel());
  return {.name = estimator.record().name,
          .gradient = as_vector(g),
          .error = std::vector<double>(size, rounding),
          .loss = exact.losses[0].item<double>()};
}

Reference long_run(const Problem& problem, const BoundEstimator& estimator,
                   const ReferenceOptions& options,
                   const std::function<void(int64_t)>& progress) {
  const auto ranges = parameter_ranges(problem);
  const auto size = static_cast<size_t>(ranges[0].count);
  const Reference zero{.gradient = std::vector<double>(size),
                       .error = std::vector<double>(size)};
  GradientStatistics statistics(ranges, zero, 1);
  const int64_t chunk = replicates_of_a_run(problem);
  std::vector<Tensor> losses;
  for (uint32_t run = 0; statistics.samples() < options.samples; ++run) {
    const int64_t replicates =
        std::min(chunk, options.samples - statistics.samples());
    const auto samples = sample_gradients(estimator, problem, replicates,
                                          options.random.replica(run));
    statistics.add(samples.gradients.to(torch::kDouble).cpu());
    losses.push_back(samples.losses);
    if (progress) progress(statistics.samples());
  }
  auto reference =
      statistics.as_reference("mean of " + std::to_string(options.samples) +
                              " samples of " + estimator.spell());
  const auto all = torch::cat(losses);
  reference.loss = all.mean().item<double>();
  reference.loss_error = all.numel() > 1
                             ? all.std().item<double>() /
                                   std::sqrt(static_cast<double>(all.numel()))
                             : 0;
  return reference;
}

}  // namespace

Reference reference_gradient(const Problem& problem,
                             const ReferenceOptions& options,
                             const std::function<void(int64_t)>& progress) {
  if (options.estimator.empty()) {
    for (const char* name : kExact) {
      try {
        return exact_gradient(problem, BoundEstimator(name));
      } catch (const UsageError&) {
        // It says that the problem is not for it; so the next one.
      }
    }
    return long_run(problem, BoundEstimator(kSampled), options, progress);
  }
  const BoundEstimator estimator(options.estimator);
  const auto& traits = estimator.record().traits;
  check(traits.unbiased && !traits.bound, "reference",
        estimator.record().name +
            " must be unbiased, but it does not claim "
            "to be");
  if (traits.deterministic) return exact_gradient(problem, estimator);
  return long_run(problem, estimator, options, progress);
}

}  // namespace signet

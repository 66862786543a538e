#include "signet/measure/reference.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "signet/core/checks.h"
#include "signet/core/torch.h"
#include "signet/measure/gradients.h"

namespace signet {
namespace {

constexpr const char* kExact[] = {"exact-layered", "exact"};
constexpr const char* kSampled = "rloo(samples=4)";

std::vector<double> as_vector(const Tensor& row) {
  const auto values = row.to(torch::kDouble).cpu().contiguous();
  const double* data = values.data_ptr<double>();
  return {data, data + values.numel()};
}

Reference exact_gradient(const Problem& problem,
                         const BoundEstimator& estimator) {
  const auto g = sample_gradients(estimator, in_double(problem), 1, Random(0))
                     .gradients[0];
  const bool is_double =
      all_parameters(problem)[0].scalar_type() == torch::kDouble;
  // Some units in the last place of sums over units and examples.
  const double rounding = is_double ? 1e-12 : 1e-6;
  const auto size = static_cast<size_t>(g.numel());
  return {
      .name = estimator.record().name,
      .gradient = as_vector(g),
      .error = std::vector<double>(size, rounding * g.norm().item<double>())};
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
  for (uint32_t run = 0; statistics.samples() < options.samples; ++run) {
    const int64_t replicates =
        std::min(chunk, options.samples - statistics.samples());
    statistics.add(sample_gradients(estimator, problem, replicates,
                                    options.random.replica(run))
                       .gradients.to(torch::kDouble)
                       .cpu());
    if (progress) progress(statistics.samples());
  }
  return statistics.as_reference("mean of " + std::to_string(options.samples) +
                                 " samples of " + estimator.spell());
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

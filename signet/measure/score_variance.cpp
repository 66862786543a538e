#include "signet/measure/score_variance.h"

#include <algorithm>

#include "signet/core/checks.h"
#include "signet/core/states.h"
#include "signet/core/torch.h"
#include "signet/measure/gradients.h"

namespace signet {
namespace {

/// States in one run: each is a replicate of the parameters.
constexpr int64_t kBlock = int64_t{1} << 12;

Objective objective_of(const Problem& problem,
                       const std::vector<Tensor>& leaves) {
  return [&](Sampler& sampler) { return problem.loss(leaves, sampler); };
}

/// sum P h and sum P h^2 of a problem of one example. [2, parameters]
Tensor moments(const Problem& problem, int64_t units) {
  const auto single = replicated_parameters(problem, 1);
  const StateSpace space(objective_of(problem, single));
  check(space.units() <= units, "score_function_variance",
        "the network must have at most " + std::to_string(units) +
            " units in all, but it has " + std::to_string(space.units()));
  const int64_t states = int64_t{1} << space.units();
  Tensor sums;
  for (int64_t first = 0; first < states; first += kBlock) {
    const int64_t count = std::min(kBlock, states - first);
    const auto leaves = replicated_parameters(problem, count);
    auto given = space.states(first, count);
    // The axis of states is that of the replicates here.
    for (auto& units : given) units = units.select(1, 0);
    auto path = run_path(objective_of(problem, leaves), Random(0), {given});
    const auto log_p = state_log_probability(path);
    (path.loss + path.loss.detach() * log_p).sum().backward();
    const auto h = gradient_rows(leaves);
    const auto p = log_p.detach().exp().reshape({1, count});
    const auto part = torch::cat({p.matmul(h), p.matmul(h.square())});
    sums = sums.defined() ? sums + part : part;
  }
  return sums;
}

}  // namespace

Tensor score_function_variance(const Problem& problem, int64_t units) {
  const auto exact = in_double(problem);
  const auto variance = [&](const Problem& one) {
    const auto m = moments(one, units);
    return m[1] - m[0].square();
  };
  if (exact.examples == 0) return variance(exact);
  Tensor sum;
  for (int64_t b = 0; b < exact.examples; ++b) {
    const auto part = variance(exact.restricted(torch::tensor({b})));
    sum = sum.defined() ? sum + part : part;
  }
  return sum / static_cast<double>(exact.examples * exact.examples);
}

}  // namespace signet

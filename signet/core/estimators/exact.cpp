// The oracle: the exact gradient of the expected loss by enumeration.
//
//   E L = sum over all joint states s of P(s) L(s)
//
// differentiated as it stands.

#include <algorithm>

#include "signet/core/checks.h"
#include "signet/core/estimator.h"
#include "signet/core/samplers.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// States in one run of the objective: bounds its memory.
constexpr int64_t kBlock = int64_t{1} << 12;

Estimate estimate(const Objective& objective, const RuleContext& context) {
  EnumeratingSampler probe(0, 1);
  {
    torch::NoGradGuard no_gradient;
    objective(probe);
  }
  const int64_t limit = context.arguments.integer("units");
  check(probe.units() <= limit, "exact",
        "the network must have at most " + std::to_string(limit) +
            " units in all, but it has " + std::to_string(probe.units()) +
            "; raise exact(units=...) if 2^" + std::to_string(probe.units()) +
            " evaluations are what you want");
  const int64_t states = int64_t{1} << probe.units();
  Tensor expected;
  for (int64_t first = 0; first < states; first += kBlock) {
    EnumeratingSampler sampler(first, std::min(kBlock, states - first));
    const auto loss = objective(sampler);
    const auto part = (sampler.probability() * loss).sum(0);
    expected = expected.defined() ? expected + part : part;
  }
  return {expected.detach(), expected};
}

const Registered<Estimator> entry{{
    .name = "exact",
    .summary = "the exact gradient, by enumeration of all states of all units",
    .help = R"(
`sum_s P(s) L(s)` over the `2^n` joint states of the `n` units of all layers,
differentiated. The reference that every other estimator is tested against.
Cost: `2^n` evaluations, run in blocks of 4096 on a leading axis, and their
memory; the network must broadcast over that axis.
)",
    .paper = "the definition of the expectation",
    .traits = {.unbiased = true,
               .evaluations = {.per_state = 1},
               .differentiates_objective = false,
               .deterministic = true},
    .parameters = {{.name = "units",
                    .fallback = int64_t{16},
                    .help = "refuse networks with more units than this",
                    .min = 1,
                    .max = 22}},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

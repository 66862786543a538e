// What BayesBiNN is as published, without its random numbers.
//
//   w = sign(eta),  eta <- (1 - rate) eta - rate dL/dw
//
// With J = 1/tau, lambda = (N/tau) eta: identity straight-through with latent
// decay, independent of N and tau. Shekhovtsov 2021, Proposition 7.

#include "signet/core/papers.h"
#include "signet/optim/bayesbinn.h"

namespace signet {
namespace {

int64_t step(const StepContext& c) { return natural_step(c, 1); }

std::vector<Parameter> parameters() {
  auto all = natural_parameters();
  all.push_back(initial_parameter(1e-14));
  return all;
}

const Registered<WeightRule> entry{{
    .name = "bayesbinn-equivalent",
    .summary = "the deterministic algorithm that published BayesBiNN is",
    .help = R"(
`w = sign(eta)`; `eta <- (1 - rate) eta - rate dL/dw`: identity straight-through
with latent decay, the explicit step of `mirror-descent(divergence=mean-kl,
direction=sgd, decay=1)`. With `eta = lambda temperature / N` it has the same
signs in every step as `bayesbinn-published` in float32, whatever N and the
temperature, at the cost of plain gradient descent; `prior` and `initial` are
those of there times `temperature / N`. `momentum` and `prior_weight` are the
same.
)",
    .papers = {kShekhovtsov2021, kMeng2020},
    .parameters = parameters(),
    .start = start_at_initial,
    .step = step,
}};

}  // namespace
}  // namespace signet

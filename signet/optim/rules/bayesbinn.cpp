// BayesBiNN as its derivation has it.
//
//   w = tanh((lambda + delta) / tau),  delta = logit(u) / 2
//   dL/dmu = J dL/dw,  J = (1 - w^2) / (tau (1 - tanh(lambda)^2))
//   lambda <- (1 - rate) lambda - rate N J dL/dw + rate prior
//
// the natural-gradient step of N E_q[L] + KL(q | prior): mirror descent with
// variational-Bayes decay, explicit, whose gradient is that of Gumbel-Softmax
// weights (Shekhovtsov 2021, Proposition 6). Meng, Bachmann, Khan 2020.

#include "signet/optim/bayesbinn.h"
#include "signet/core/papers.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// log cosh, where cosh would overflow.
Tensor log_cosh(const Tensor& x) {
  const auto size = x.abs();
  return size + torch::log1p(torch::exp(-2 * size)) - std::log(2.0);
}

Tensor weights(const WeightsContext& c) {
  if (c.arguments.integer("samples") == 0) return mean_weights(c.latent);
  const auto x = relaxed_logits(c);
  // 1 - tanh^2 = 1 / cosh^2 keeps its digits where the difference is 0/0.
  const auto J = torch::exp(2 * (log_cosh(c.latent.detach()) - log_cosh(x))) /
                 c.arguments.number("temperature");
  return straight_through(c.latent, torch::tanh(x), J);
}

int64_t step(const StepContext& c) {
  return natural_step(c, static_cast<double>(c.arguments.integer("examples")));
}

std::vector<Parameter> parameters() {
  auto all = relaxation_parameters(0.5);
  for (const auto& p : natural_parameters()) all.push_back(p);
  all.push_back(initial_parameter(0));
  return all;
}

const Registered<WeightRule> entry{{
    .name = "bayesbinn",
    .summary = "Bernoulli weights by the Bayesian learning rule, as derived",
    .help = R"(
`w = tanh((lambda + delta)/temperature)`, `delta = logit(u)/2`, is a relaxed draw
of a weight with mean `tanh(lambda)`; its gradient in the mean is `J dL/dw`, `J =
(1 - w^2) / (temperature (1 - tanh(lambda)^2))`. The step is `lambda <- lambda -
rate m / (1 - momentum^t)`, `m <- momentum m + (1 - momentum) (N J dL/dw +
prior_weight (lambda - prior))`: variational Bayes, so `|lambda|` says how sure a
weight is. Testing uses the signs.

The gradient is Gumbel-Softmax on weights: at small temperatures `J` is almost
always 0 and rarely huge, so nothing is learned; stay between 0.5 and 1. Start
with a rate near 3e-3. What the published program computes is another algorithm,
`bayesbinn-published`.
)",
    .papers = {kMeng2020, kShekhovtsov2021},
    .parameters = parameters(),
    .start = start_at_initial,
    .latent_of_mean = latent_of_tanh,
    .weights = weights,
    .step = step,
}};

}  // namespace
}  // namespace signet

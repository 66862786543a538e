// BayesBiNN as its authors' program computes it. It differs from `bayesbinn`:
//
//   J = (1 - w^2 + epsilon) / (tau (1 - mu^2 + epsilon)),  tau = 1e-10
//
// where mu = tanh(lambda) is from before the last step (in the first two steps
// from the start). A test network there has sign(mu) with sign(0) = -1; here
// sign(0) = +1 as everywhere. lambda = 0 exactly is where they differ: it does
// not occur, but for weights without a gradient that start there.
// Meng, Bachmann, Khan 2020; Shekhovtsov 2021, Proposition 7.

#include "signet/core/papers.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"
#include "signet/optim/bayesbinn.h"

namespace signet {
namespace {

Tensor weights(const WeightsContext& c) {
  if (c.arguments.integer("samples") == 0) return mean_weights(c.latent);
  const auto stale = c.state.find("mean");
  const auto mean =
      stale == c.state.end() ? torch::tanh(c.latent.detach()) : stale->second;
  const double epsilon = c.arguments.number("epsilon");
  const auto w = torch::tanh(relaxed_logits(c));
  const auto J = (1 - w * w + epsilon) / (c.arguments.number("temperature") *
                                          (1 - mean * mean + epsilon));
  return straight_through(c.latent, w, J);
}

int64_t step(const StepContext& c) {
  c.state["mean"] = torch::tanh(c.parameter.detach());
  return natural_step(c, static_cast<double>(c.arguments.integer("examples")));
}

std::vector<Parameter> parameters() {
  auto all = relaxation_parameters(1e-10);
  all.push_back({.name = "epsilon",
                 .fallback = 1e-10,
                 .help = "added to both factors of J",
                 .min = 1e-30,
                 .max = 1});
  for (const auto& p : natural_parameters()) all.push_back(p);
  all.push_back(initial_parameter(10));
  return all;
}

const Registered<WeightRule> entry{{
    .name = "bayesbinn-published",
    .summary = "BayesBiNN as its authors' program computes it",
    .help = R"(
As `bayesbinn`, but `J = (1 - w^2 + epsilon) / (temperature (1 - mu^2 +
epsilon))` with `mu = tanh(lambda)` of before the last step, and defaults
`temperature = epsilon = 1e-10`, `lambda = +-10` at first. In float32 `J` is then
`1/temperature` wherever `|lambda| > 9`, which after a step is everywhere but at
weights without a gradient, and the weights are signs: the rule is
`bayesbinn-equivalent`, deterministic, independent of N and temperature
(Proposition 7), at the price of drawing weights. For comparison with published
results: rate 1e-4 (MNIST) or 3e-4 (CIFAR-10), cosine, batch norm without affine
parameters. sign(0) = +1, where the program takes -1.
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

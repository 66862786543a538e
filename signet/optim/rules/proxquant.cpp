// ProxQuant: real weights that a growing pull makes binary.
//
//   v = w - rate d(dL/dw)
//   w <- argmin (w - v)^2 / 2 + lambda_t min(|w - 1|, |w + 1|)
//      = s + sign(v - s) max(|v - s| - lambda_t, 0),  s = sign(v)
//   lambda_t = growth floor((t - 1) / period)
//
// Bai, Wang, Liberty 2019.

#include "signet/core/step.h"
#include "signet/core/torch.h"
#include "signet/optim/descent.h"
#include "signet/optim/signs.h"

namespace signet {
namespace {

Tensor weights(const WeightsContext& c) { return c.latent; }

int64_t step_of_proxquant(const StepContext& c) {
  torch::NoGradGuard no_gradient;
  const auto& a = c.arguments;
  const int64_t period = a.integer("period"), freeze = a.integer("freeze");
  const int64_t periods = (c.step - 1) / period;
  if (freeze > 0 && periods >= freeze) {
    c.parameter.copy_(step(c.parameter, -1, 1));
    return 0;
  }
  const auto flips = descend(c, read_direction(a), {.rate = c.rate});
  // The pull moves weights to the sign that they have, and across no zero.
  const auto sign = step(c.parameter, -1, 1);
  const double pull = a.number("growth") * static_cast<double>(periods);
  c.parameter.copy_(sign + torch::softshrink(c.parameter - sign, pull));
  return flips;
}

std::vector<Parameter> parameters() {
  auto all = direction_parameters();
  all.push_back({.name = "growth",
                 .fallback = 1e-4,
                 .help = "of the pull, after each period",
                 .min = 0,
                 .max = 1});
  all.push_back({.name = "period",
                 .fallback = int64_t{600},
                 .help = "steps; published: those of an epoch",
                 .min = 1,
                 .max = 1e9});
  all.push_back({.name = "freeze",
                 .fallback = int64_t{0},
                 .help = "periods after which weights become their signs and "
                         "stay; 0: never",
                 .min = 0,
                 .max = 1e9});
  return all;
}

const Registered<WeightRule> entry{{
    .name = "proxquant",
    .summary = "real weights pulled ever harder towards -1 and +1",
    .help = R"(
Training uses the real weights themselves, so their gradient is exact: no
straight-through. After each step of `d` (the gradient, its momentum or Adam's
direction) comes the prox of `lambda_t min(|w - 1|, |w + 1|)`: a weight moves by
at most `lambda_t` towards its sign. `lambda_t = growth floor((t - 1) / period)`
in step t, with a period of an epoch's steps as published. Testing uses the
signs, so it is poor until the weights have gathered there. Start from trained
real weights; published: Adam at 0.01, growth 1e-4, freeze after 200 of 300
epochs.
)",
    .papers = {{.key = "bai2019proxquant",
                .authors = "Yu Bai and Yu-Xiang Wang and Edo Liberty",
                .title = "ProxQuant: Quantized Neural Networks via Proximal "
                         "Operators",
                .year = 2019,
                .venue = "International Conference on Learning Representations",
                .arxiv = "1810.00861"}},
    .parameters = parameters(),
    .weights = weights,
    .step = step_of_proxquant,
}};

}  // namespace
}  // namespace signet

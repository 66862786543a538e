// RELAX: REBAR with a free-form network in the control variate.
//
//   c = scale L(r) + offset + network(sigma(2 (a - z)), F(a))
//   g = (L(x) - c) d log P(x)/da + dz/da dc/d(a - z)
//
// The derivative leaves F(a) in the network alone, as a constant: every
// function of the noise is a valid control variate. Grathwohl et al. 2018.

#include "signet/core/relaxed_control.h"

namespace signet {
namespace {

Estimate estimate(const Objective& objective, const RuleContext& context) {
  return relaxed_control_estimate(objective, context, true);
}

std::vector<Parameter> parameters() {
  auto all = relaxed_control_parameters();
  all.push_back({.name = "hidden",
                 .fallback = int64_t{32},
                 .help = "hidden units of the network of each layer",
                 .min = 1,
                 .max = 4096});
  return all;
}

const Registered<Estimator> entry{{
    .name = "relax",
    .summary = "score function with the loss of relaxed units and a learned "
               "network as control variate, unbiased",
    .help = R"(
As `rebar`, `g = (L(x) - c) d log P(x) + dz/da dc/da`, with `c = scale L(r) +
offset + network`. The network of each layer
has one hidden layer, sees the relaxed units and their probabilities, and learns
to lower the variance of the estimate; it starts at zero, so a first sample is
that of `rebar`. With `scale=0` the loss is still evaluated at relaxed units
but no more than the network is left of the control variate (LAX).
Cost: 1 + L forwards and L backwards, and the network's.
)",
    .papers = {{.key = "grathwohl2018backpropagation",
                .authors = "Will Grathwohl and Dami Choi and Yuhuai Wu and "
                           "Geoffrey Roeder and David Duvenaud",
                .title = "Backpropagation through the Void: Optimizing Control "
                         "Variates for Black-Box Gradient Estimation",
                .year = 2018,
                .venue = "International Conference on Learning Representations",
                .arxiv = "1711.00123"}},
    .traits = {.unbiased = true,
               .evaluations = {.per_layer = 1},
               .relaxed = true,
               .learns = true},
    .parameters = parameters(),
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

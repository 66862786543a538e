// BinaryConnect: latent weights with clipping.
//
//   w = sign(eta),   eta <- clip(eta - rate d(dL/dw), -clip, clip)
//
// With d = dL/dw this is projected gradient descent on the mean mu = eta of a
// Bernoulli weight: the mirror step of the Euclidean divergence, clip = 1.
// Courbariaux et al. 2015; Shekhovtsov, Yanush 2021.

#include "signet/optim/descent.h"

namespace signet {
namespace {

int64_t step(const StepContext& context) {
  return descend(
      context, read_direction(context.arguments),
      {.rate = context.rate, .bound = context.arguments.number("clip")});
}

std::vector<Parameter> parameters() {
  auto all = direction_parameters();
  all.push_back({.name = "clip",
                 .fallback = 1.0,
                 .help = "latent weights stay in [-clip, clip]; 0: anywhere",
                 .min = 0});
  return all;
}

const Registered<WeightRule> entry{{
    .name = "binaryconnect",
    .summary = "latent weights with identity straight-through, clipped",
    .help = R"(
`w = sign(eta)`; `eta <- clip(eta - rate d, -clip, clip)`, `d` from `dL/dw` as it
is (identity straight-through). Clipping keeps a weight from drifting so far
that it can no longer flip. With plain sgd it is projected gradient descent on
the mean of a Bernoulli weight.
)",
    .papers =
        {{.key = "courbariaux2015binaryconnect",
          .authors =
              "Matthieu Courbariaux and Yoshua Bengio and Jean-Pierre David",
          .title = "BinaryConnect: Training Deep Neural Networks with Binary "
                   "Weights during Propagations",
          .year = 2015,
          .venue = "Advances in Neural Information Processing Systems",
          .arxiv = "1511.00363"}},
    .parameters = parameters(),
    .step = step,
}};

}  // namespace
}  // namespace signet

// Plain descent for real-valued parameters:  p <- p - rate d.

#include "signet/optim/descent.h"

namespace signet {
namespace {

int64_t step(const StepContext& context) {
  return descend(context, read_direction(context.arguments),
                 {.rate = context.rate});
}

const Registered<WeightRule> entry{{
    .name = "gradient",
    .summary = "gradient descent (sgd, momentum, adam) for real parameters",
    .help = R"(
`p <- p - rate d`, `d` the gradient, its momentum or Adam's direction. For batch
norm, biases and real weights.
)",
    .papers = {{.key = "kingma2015adam",
                .authors = "Diederik P. Kingma and Jimmy Ba",
                .title = "Adam: A Method for Stochastic Optimization",
                .year = 2015,
                .venue = "International Conference on Learning Representations",
                .arxiv = "1412.6980"}},
    .parameters = direction_parameters(),
    .real = true,
    .step = step,
}};

}  // namespace
}  // namespace signet

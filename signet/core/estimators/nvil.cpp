// NVIL: the score function with a learned baseline that depends on the input.
//
//   g_l = (L(x) - c_l) d log P(x_l)/da_l
//   c_l = mean + deviation * network_l(F(a_l))
//
// a_l depends on the layers below alone, so c_l is a constant for x_l and the
// estimate unbiased. The network learns by regression on the loss, centred and
// scaled by its running moments. The published rule also divides the estimate
// by the running deviation where that is above 1; this is left out, since it
// scales the whole estimate, which is then one of another gradient, and is
// what the step size of an optimizer is for. Mnih, Gregor 2014.

#include "signet/core/estimator.h"
#include "signet/core/learned_tensors.h"
#include "signet/core/papers.h"
#include "signet/core/path.h"
#include "signet/core/running_moments.h"
#include "signet/core/scale_units.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Estimate estimate(const Objective& objective, const RuleContext& context) {
  const auto& arguments = context.arguments;
  const auto path = run_path(objective, context.random);
  const auto loss = path.loss.detach();
  const auto moments = running_moments(context.state, "loss", loss);
  const auto signal = (loss - moments.mean) / moments.deviation;
  LearnedTensors learned(context.state, "", arguments.number("rate"));
  std::vector<Tensor> gradients, errors;
  for (size_t l = 0; l < path.layers.size(); ++l) {
    const auto& layer = path.layers[l];
    const auto input = layer.probability().reshape({loss.numel(), -1}) - 0.5;
    const auto error =
        signal - small_network(learned, layer_prefix(l) + "network", input,
                               arguments.integer("hidden"), 1)
                     .view(loss.sizes());
    const auto advantage = error.detach() * moments.deviation;
    gradients.push_back(scale_units(layer.score(), advantage));
    errors.push_back(error);
  }
  if (learned.learning()) {
    learned.descend(second_moment(errors, loss));
    follow(context.state, "loss", loss);
  }
  return {loss, with_logit_gradients(path.loss, path, gradients)};
}

const Registered<Estimator> entry{{
    .name = "nvil",
    .summary = "score function with a learned, input-dependent baseline, one "
               "evaluation, unbiased, black-box objective",
    .help = R"(
`g = (L(x) - c(a)) d log P(x)`: `reinforce` with a baseline that a small network
of each layer predicts from the probabilities of its units, and so from the
input and the layers below. It learns by regression on the loss. Never looks at
the derivative of the loss. NVIL's division by the deviation of the loss is left
to the optimizer. Cost: one forward, and the networks'.
)",
    .papers = {kMnihGregor2014},
    .traits = {.unbiased = true,
               .differentiates_objective = false,
               .learns = true},
    .parameters = {rate_parameter(),
                   {.name = "hidden",
                    .fallback = int64_t{32},
                    .help = "hidden units of the network of each layer",
                    .min = 1,
                    .max = 4096}},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

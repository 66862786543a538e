// Double control variates: leave-one-out with the linearised loss of the other
// samples, once in the baseline and once in the sample itself.
//
//   G_k = mean over j != k of dL(x_j)/db,   v_k = alpha G_k (b_k - p_k)
//   g   = mean_k [ (L_k - v_k - mean over j != k of (L_j - v_j)) dlogP(x_k)/da
//                  + alpha G_k F'(a_k) ]
//
// b in {0,1} are the bits, p = F(a). For a chain x_k is a joint sample of all
// layers and v_k sums over them, with an alpha each: G_k knows nothing of
// path k, and b - p has mean zero given the layers below, so E[v_k dlogP(x_k)]
// is alpha G_k F'(a_k) in every layer and E[v_j | x_k] = 0. The derivative of
// a lower layer is taken through the layers above by straight-through; any
// vector that is a function of the other paths would do. Titsias and Shi 2022,
// whose alpha has the other sign.

#include "signet/core/coupled_units.h"
#include "signet/core/estimator.h"
#include "signet/core/learned_tensors.h"
#include "signet/core/torch.h"
#include "signet/core/unit_gradients.h"

namespace signet {
namespace {

Estimate estimate(const Objective& objective, const RuleContext& context) {
  const auto& arguments = context.arguments;
  const auto paths = differentiated_paths(objective, context.random,
                                          arguments.integer("samples"));
  const auto losses = stacked_losses(paths);
  const auto layers = static_cast<int64_t>(paths[0].path.layers.size());
  LearnedTensors learned(context.state, "", arguments.number("rate"));
  const auto alpha = learned("alpha", [&] {
    return torch::full({layers}, arguments.number("alpha"), losses.options());
  });
  auto values = losses;
  std::vector<Tensor> scores, corrections;
  for (int64_t l = 0; l < layers; ++l) {
    const auto index = static_cast<size_t>(l);
    const auto layer = stacked_layer(paths, index);
    const auto slopes = mean_of_others(stacked_gradients(paths, index));
    const auto linear = slopes * (bits(layer) - layer.probability());
    values = values - alpha[l] * sum_units(linear, losses);
    scores.push_back(layer.score());
    corrections.push_back(alpha[l] * slopes *
                          layer.units.noise->density(layer.logits));
  }
  const auto advantage = values - mean_of_others(values);
  std::vector<Tensor> gradients, means;
  for (size_t l = 0; l < scores.size(); ++l) {
    gradients.push_back(as_units(advantage, scores[l]) * scores[l] +
                        corrections[l]);
    means.push_back(gradients.back().mean(0));
  }
  learned.descend(second_moment(means, losses[0]));
  return mean_estimate(paths, gradients);
}

const Registered<Estimator> entry{{
    .name = "double-cv",
    .summary = "leave-one-out samples, each also less the linearised loss of "
               "the others, unbiased",
    .help = R"(
`g = mean_k [(v_k - mean of the other v) d log P(x_k) + alpha G F'(a)]`, `v_k =
L_k - alpha G (b_k - p)`: `rloo` for K joint samples of all layers, whose loss is first made smaller by
the linearisation `alpha G (b - p)`, `G` the mean derivative of the loss at the
other samples; `alpha G F'(a)` restores the mean. `alpha`, one number a layer,
starts at 0, where this is `rloo`, and is learned to lower the variance; with
`alpha = 1` a loss that is linear in a layer of units has no variance. Unbiased
in any depth. Cost: K forwards and 2 K backwards.
)",
    .papers = {{.key = "titsias2022double",
                .authors = "Michalis K. Titsias and Jiaxin Shi",
                .title = "Double Control Variates for Gradient Estimation in "
                         "Discrete Latent Variable Models",
                .year = 2022,
                .venue = "International Conference on Artificial Intelligence "
                         "and Statistics",
                .arxiv = "2111.05300"}},
    .traits = {.unbiased = true,
               .evaluations = {.fixed = 0, .per_sample = 1},
               .learns = true},
    .parameters = {{.name = "samples",
                    .fallback = int64_t{2},
                    .help = "joint samples K",
                    .min = 2,
                    .max = 1024},
                   {.name = "alpha",
                    .fallback = 0.0,
                    .help = "weight of the linearisation, the first one if it "
                            "is learned"},
                   rate_parameter()},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

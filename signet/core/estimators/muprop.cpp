// MuProp: the score function less the linearisation of the mean-field network.
//
//   mb = E[b] layer by layer,  Lm = L(mb),  d = dLm/d(mb)
//   g_l = (L(x) - Lm - d_l (b_l - mb_l) - c_l) d log P(x_l) + F'(a_l) d_l
//
// b in {0,1} is the bit of the unit, a_l the logit on the sampled path. Lm, d
// and mb do not depend on the sample and E[b_l dlogP(x_l)] = F'(a_l), so the
// last term restores what the second took. c_l is the mean of what the
// linearisation left over in earlier samples. Gu et al. 2016.

#include "signet/core/estimator.h"
#include "signet/core/learned_tensors.h"
#include "signet/core/running_moments.h"
#include "signet/core/torch.h"
#include "signet/core/unit_gradients.h"

namespace signet {
namespace {

/// Every unit is its mean given the means below.
class MeanFieldSampler : public Sampler {
 public:
  Tensor draw(const Tensor& logits, const UnitOptions& units) override {
    const auto mean =
        units.noise->cdf(logits.detach()) * width(units.encoding) +
        low(units.encoding);
    layers.push_back({units, logits, mean.requires_grad_()});
    return layers.back().x;
  }

  std::vector<PathLayer> layers;
};

Estimate estimate(const Objective& objective, const RuleContext& context) {
  const auto path = run_path(objective, context.random);
  MeanFieldSampler sampler;
  auto mean_loss = objective(sampler);
  const Path means{std::move(sampler.layers), std::move(mean_loss)};
  const auto slopes = unit_gradients(means);
  const auto loss = path.loss.detach();
  std::vector<Tensor> gradients;
  for (size_t l = 0; l < path.layers.size(); ++l) {
    const auto& layer = path.layers[l];
    const auto linear =
        slopes[l] * (bits(layer) - means.layers[l].probability());
    const auto rest = loss - means.loss.detach() - sum_units(linear, loss);
    const auto name = layer_prefix(l) + "rest";
    const auto centre = running_moments(context.state, name, loss).mean;
    gradients.push_back(as_units(rest - centre, layer.x) * layer.score() +
                        slopes[l] *
                            layer.units.noise->density(layer.logits.detach()));
    follow(context.state, name, rest);
  }
  return {loss, with_logit_gradients(path.loss, path, gradients)};
}

const Registered<Estimator> entry{{
    .name = "muprop",
    .summary = "score function with the linearised mean-field network as "
               "control variate, unbiased",
    .help = R"(
A second pass gives every unit its mean; the loss is expanded to first order
around it and only the rest goes through the score function:
`g = (L - Lm - d (b - mb) - c) d log P + F'(a) d`, `c` a running mean of what is
left. Unbiased in any depth; exact for a loss that is linear in the units. Helps
as far as the loss is nearly linear, so less in deep networks. The mean-field
pass evaluates the loss between the states of the units. Cost: two forwards, one
backward through the second.
)",
    .papers =
        {{.key = "gu2016muprop",
          .authors = "Shixiang Gu and Sergey Levine and Ilya Sutskever and "
                     "Andriy Mnih",
          .title =
              "MuProp: Unbiased Backpropagation for Stochastic Neural Networks",
          .year = 2016,
          .venue = "International Conference on Learning Representations",
          .arxiv = "1511.05176"}},
    .traits = {.unbiased = true,
               .evaluations = {.fixed = 2},
               .relaxed = true,
               .learns = true},
    .parameters = {},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

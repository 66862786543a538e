// Path sample-analytic gradient (PSA).
//
// With x the sampled path, x_{l,i} the units of layer l with unit i flipped,
// P_j(.) the probability that unit j of a later layer l' is in the state other
// than that of the path, and all layers but l as they are:
//
//   m_{l,i} = L(x_{l,i}) - L(x) + sum_{l' > l, j} m_{l',j} (P_j(x_{l,i}) -
//                                                           P_j(x))
//   g_{a_i} = m_{l,i} dP_i/da_i,   P_i = 1 - F(a_i) if x_i is high, else F(a_i)
//
// Flips of one unit are followed exactly, those of several at once to first
// order. In a chain only l' = l + 1 is left of the sum, and L of the last
// layer, as in the source; run like this it holds for every network that the
// units of a layer enter, linear, convolutional, or past layers.
// Shekhovtsov, Yanush, Flach 2020.

#include "signet/core/estimator.h"
#include "signet/core/flips.h"
#include "signet/core/papers.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// Where the units of `layer` go in one run of all of them, [k, E, n...].
Tensor flip_probability(const PathLayer& layer, const Tensor& logits) {
  const auto p = layer.units.noise->cdf(logits);
  return torch::where(layer.is_high(), 1 - p, p);
}

Estimate estimate(const Objective& objective, const RuleContext& context) {
  const auto path = run_path(objective, context.random);
  const auto loss = path.loss.detach();
  const auto& layers = path.layers;
  std::vector<Tensor> messages(layers.size()), gradients(layers.size());
  for (size_t l = layers.size(); l-- > 0;) {
    const auto run = [&](const Tensor& flipped, int64_t) {
      torch::NoGradGuard no_grad;
      auto given = prefix(path, l);
      given.push_back(flipped);
      for (size_t i = l + 1; i < layers.size(); ++i) {
        auto shape = layers[i].x.sizes().vec();
        shape.insert(shape.begin(), flipped.size(0));
        given.push_back(layers[i].x.expand(shape));
      }
      const auto other = run_path(objective, context.random, {given});
      auto message = other.loss - loss;
      for (size_t i = l + 1; i < layers.size(); ++i) {
        const auto change =
            flip_probability(layers[i], other.layers[i].logits) -
            flip_probability(layers[i], layers[i].logits.detach());
        message +=
            sum_units((change * messages[i]).expand_as(given[i]), message);
      }
      return message;
    };
    messages[l] = over_flips(layers[l], loss, run);
    gradients[l] = messages[l] * flip_slope(layers[l]);
  }
  return {loss, with_logit_gradients(path.loss, path, gradients)};
}

const Registered<Estimator> entry{{
    .name = "psa",
    .summary = "path sample-analytic: flips of single units followed exactly "
               "through the network",
    .help = R"(
`g_i = m_i dP_i/da_i`, `m_i = L(x_i) - L(x) + sum_j m_j (P_j(x_i) - P_j(x))`, `x_i`
the path `x` with unit `i` flipped, `P_j` the probability that unit `j` above
flips. One sampled path; the change of the loss by the flip of each unit is carried
down the layers through the exact change that it makes to the probability of
each unit above. Exact in the mean for one layer of units, where it is
`local-expectation`; in a chain its bias is a fraction of that of `st`, which is
its linearisation. No tail is drawn anew, so its variance is small. It runs the
network on all single flips instead of a kernel for each kind of layer, so it
holds for any network but costs as much as `local-expectation`.
Cost: one forward, and one for each unit.
)",
    .papers = {kShekhovtsovYanushFlach2020},
    .traits = {.exact_for_one_layer = true,
               .evaluations = {.per_unit = 1},
               .differentiates_objective = false},
    .parameters = {},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

// One unit of each layer, chosen at random, is flipped.
//
//   i ~ uniform on the n units of the layer
//   g_a_i = n F'(a_i) (L(x_i = hi) - L(x_i = lo)),  0 for the other units
//
// The mean over i is `local-expectation`. In a chain the tail of the flip is
// drawn anew.

#include "signet/core/estimator.h"
#include "signet/core/flips.h"
#include "signet/core/tail.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// One unit of each example, 1 there and 0 elsewhere, [E, n...].
Tensor chosen_unit(const PathLayer& layer, const Tensor& loss,
                   const Random& random, uint32_t l) {
  const auto flat = layer.x.detach().reshape({loss.numel(), -1});
  const auto u = LayerNoise(random, l).extra(0).uniform(
      {loss.numel(), 1}, flat.options().dtype(torch::kDouble));
  const auto index = (u * flat.size(1)).floor().to(torch::kInt64);
  return torch::zeros_like(flat).scatter_(1, index, 1).view_as(layer.x);
}

Estimate estimate(const Objective& objective, const RuleContext& context) {
  const auto path = run_path(objective, context.random);
  const auto loss = path.loss.detach();
  std::vector<Tensor> gradients;
  for (size_t l = 0; l < path.layers.size(); ++l) {
    const auto& layer = path.layers[l];
    const auto chosen =
        chosen_unit(layer, loss, context.random, static_cast<uint32_t>(l));
    const auto x = torch::where(chosen > 0, layer.flipped(), layer.x);
    const auto other = tail_loss(objective, context, path, l, x);
    const double units = static_cast<double>(layer.x.numel() / loss.numel());
    gradients.push_back(as_units((other - loss) * units, x) * chosen *
                        flip_slope(layer));
  }
  return {loss, with_logit_gradients(path.loss, path, gradients)};
}

const Registered<Estimator> entry{{
    .name = "random-flip",
    .summary = "one unit of each layer, chosen at random, is flipped; "
               "unbiased, black-box objective",
    .help = R"(
`g_i = n F'(a_i) (L(x_i = hi) - L(x_i = lo))` for one unit `i` of the `n` of a
layer, chosen at random for each example; 0 for the others. `local-expectation`
with one unit instead of all: as cheap as `disarm` at any size, and exact for a
layer of one unit, but its variance grows with the number of units. In a chain of
layers the tail of the flip is drawn anew. Cost: one forward, and one for each
layer of units.
)",
    .traits = {.unbiased = true,
               .evaluations = {.per_layer = 1},
               .differentiates_objective = false},
    .parameters = {tail_parameter()},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

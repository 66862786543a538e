#include "signet/experiments/papers/relaxed_weight.h"

#include <algorithm>
#include <cmath>

#include "signet/core/torch.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/single_unit.h"
#include "signet/optim/weight_rule.h"

namespace signet {

Relaxation relaxation(const Random& random) {
  constexpr int64_t kDraws = 4096;
  constexpr double kLatent = 0.3;
  Relaxation result;
  result.chart = {.title = "Proposition 6: the factor J of a relaxed weight",
                  .x_label = "w",
                  .y_label = "J = dw/dmu at fixed noise",
                  .note =
                      "lambda = 0.3. Markers: the factor of the library's "
                      "rule. Dashed: gradient of the library's "
                      "Gumbel-Softmax of a unit with pre-activation 0.3 and "
                      "the same noise, over 1 - tanh^2(0.3)."};
  const auto stream = random.site(0);
  const auto u = stream.uniform({kDraws}, at::kDouble);
  for (const double temperature : {0.5, 1.0, 1.5}) {
    const BoundRule rule("bayesbinn(temperature=" + number_text(temperature) +
                         ")");
    // The rule adds its noise and the unit subtracts it, so that -w of -lambda
    // has the noise of the unit.
    const auto latent =
        torch::full({kDraws}, -kLatent, at::kDouble).requires_grad_();
    const auto w = -rule.record->weights({latent, {}, stream, rule.arguments});
    (-w).sum().backward();
    const auto J = latent.grad();
    const auto gumbel = [&](const Noise::Function& loss) {
      return draw_gradients(at_temperature("gumbel", temperature),
                            {.a = kLatent, .units = {}, .loss = loss}, kDraws,
                            random)
          .gradient;
    };
    const auto slope = gumbel([](const Tensor& x) { return x + 0; });
    const auto x = gumbel([](const Tensor& y) { return y * y / 2; }) / slope;
    const auto J_of_unit = slope / (1 - std::pow(std::tanh(kLatent), 2));
    for (const auto& difference : {w.detach() - x, J / J_of_unit - 1})
      result.difference =
          std::max(result.difference, difference.abs().max().item<double>());
    // P(w > 0) at lambda is P(w <= 0) at -lambda.
    const auto positive = (w.detach() > 0).to(at::kDouble);
    result.share = std::max(
        result.share,
        std::abs((positive * trapezoid_weights(u)).sum().item<double>() -
                 sigmoid(2 * kLatent)));
    const auto order = w.detach().argsort().slice(0, 0, kDraws, 128);
    const auto label = "temperature " + number_text(temperature);
    result.chart.series.push_back({.label = label,
                                   .x = to_vector(w.index_select(0, order)),
                                   .y = to_vector(J.index_select(0, order)),
                                   .line = false});
    result.chart.series.push_back(
        {.x = to_vector(x.index_select(0, order)),
         .y = to_vector(J_of_unit.index_select(0, order)),
         .dashed = true,
         .of = label});
  }
  return result;
}

}  // namespace signet

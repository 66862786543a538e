// Gapped straight-through, binary case.
//
//   x ~ F(a)                                                   forward
//   g_a = (hi - lo) s' g_x,  s = sigma(d / t),  s' = (2/t) s (1 - s)
//   d = max(2|a|, gap) if x is the mode, else gap              backward
//
// gap = 1 (GST-1.0) or -log(1 - P(x)) / P(x) (GST-p). The distance 2 |a - z| of
// `st-gumbel` is replaced by one without noise that is consistent with x. With
// logistic noise and eta = 2a this is the published rule, whose GST-p gap is
// E[2|a - z|] given x. Fan et al. 2022.

#include "signet/core/concrete.h"
#include "signet/core/estimator.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  const auto& units = context.units;
  const auto a = logits.detach();
  const auto x = context.noise.draw(logits, units);
  const auto is_high = x > low(units.encoding);
  auto gap = torch::full_like(a, context.arguments.number("gap"));
  if (context.arguments.flag("probability")) {
    gap = -log_prob(*units.noise, a, is_high.logical_not()) /
          log_prob(*units.noise, a, is_high).exp();
  }
  const auto is_mode = is_high == (a >= 0);
  const auto distance =
      torch::where(is_mode, torch::maximum(2 * a.abs(), gap), gap);
  const auto relaxed =
      concrete(distance / 2, context.arguments.number("temperature"));
  return straight_through(logits, x, relaxed.slope * width(units.encoding));
}

const Registered<Estimator> entry{{
    .name = "gapped-st",
    .summary = "straight-through Gumbel-Softmax with its noise replaced by a "
               "fixed gap",
    .help = R"(
Forward: `x ~ F(a)`. Backward: `g_a = (hi - lo) (2/t) s (1 - s) g_x`, `s =
sigma(d/t)`, `d = max(2|a|, gap)` if `x` is the more probable state, else `gap`:
the factor of `st-gumbel`, with the random distance
of `a` from the noise replaced by the least one that agrees with the drawn unit
and is not below a gap: 1 (GST-1.0), another number, or, with
`probability=true`, `-log(1 - P(x)) / P(x)` (GST-p). No variance beyond that of
the units, and a bias that does not vanish for any temperature. Cost: one
forward, one backward.
)",
    .papers = {{.key = "fan2022training",
                .authors = "Ting-Han Fan and Ta-Chung Chi and Alexander I. "
                           "Rudnicky and Peter J. Ramadge",
                .title = "Training Discrete Deep Generative Models via Gapped "
                         "Straight-Through Estimator",
                .year = 2022,
                .venue = "International Conference on Machine Learning",
                .arxiv = "2206.07235"}},
    .traits = {.order = 0},
    .parameters = {{.name = "gap",
                    .fallback = 1.0,
                    .help = "least distance from the threshold, in units of "
                            "the log-odds 2a of logistic noise",
                    .min = 0,
                    .max = 1000},
                   {.name = "probability",
                    .fallback = false,
                    .help = "the gap is -log(1 - P(x)) / P(x) instead"},
                   temperature_parameter()},
    .rule = LayerRule{draw},
}};

}  // namespace
}  // namespace signet

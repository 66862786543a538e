// DARN: importance reweighting of the derivative.
//
//   x ~ F(a)                                            forward
//   g_a = (hi - lo)/2 F'(a)/P(x) g_x = (hi - lo)/2 |d log P(x)/da| g_x
//
// For bits and the log-odds eta = 2a of logistic noise (1 - P(x))/2 g_x. The
// score has a form that is finite for every logit; F'/P has not. In the mean
// (hi - lo)/2 (L'(lo) + L'(hi)) F': the trapezoid rule. Gregor et al. 2014;
// Shekhovtsov 2021.

#include "signet/core/estimator.h"
#include "signet/core/papers.h"
#include "signet/core/reweighting.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  return draw_reweighted(logits, context);
}

const Registered<Estimator> entry{{
    .name = "darn",
    .summary = "importance reweighting of the derivative: exact for quadratic "
               "losses",
    .help = R"(
Forward: `x ~ F(a)`. Backward: `g_a = F'(a)/P(x) g_x` for signs, half of it for
bits, in a form that is finite for every logit. Integrates the derivative of the
loss between the two states by the trapezoid rule, so it is exact for losses
quadratic in each unit of a layer, where `st` is exact for linear ones. The
variance grows like 1/P(x) of the rare state. For binary units it is the same
rule as `zgr` and as `reinmax` at temperature 1, and the limit of `gumbel-rao`.
Cost: one forward, one backward.
)",
    .papers = {kGregor2014, kShekhovtsov2021},
    .traits = {.order = 2},
    .parameters = {},
    .rule = LayerRule{draw},
}};

}  // namespace
}  // namespace signet

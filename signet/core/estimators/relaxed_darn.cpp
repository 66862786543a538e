// Relaxed DARN: Taylor discounting.
//
//   x ~ F(a), u ~ U[from, 1],  y = mid + (x - mid) u    forward: y
//   g_a = (hi - lo)/2 |d log P(x)/da| g_y               backward, as `darn`
//
// For one unit and from = 0 the mean over u is the exact integral of L' from
// the middle to x, so the rule is unbiased for every L. In general the mean is
// F' [L(hi) - L(mid + h) + L(mid - h) - L(lo)] / (1 - from), h = from
// (hi - lo)/2. Pervez et al. 2020 (FouST); Shekhovtsov 2021.

#include "signet/core/estimator.h"
#include "signet/core/papers.h"
#include "signet/core/reweighting.h"
#include "signet/core/rule_noise.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  const auto& units = context.units;
  const double from = context.arguments.number("from");
  const double middle = low(units.encoding) + width(units.encoding) / 2;
  const auto x = context.noise.draw(logits, units);
  const auto u =
      from + (1 - from) * extra_uniform(context, logits, 0).to(x.scalar_type());
  return straight_through(logits, middle + (x - middle) * u,
                          reweighting(logits, x, units));
}

const Registered<Estimator> entry{{
    .name = "relaxed-darn",
    .summary = "darn at a random point between the middle and the drawn state "
               "(Taylor discounting)",
    .help = R"(
Forward: `y = mid + (x - mid) u`, the drawn unit pulled towards the middle of its
two states by a random factor `u ~ U[from, 1]`. Backward: as `darn`, `g_a = (hi -
lo)/2 |d log P(x)| g_y`. With `from=0` the random points
integrate the derivative of the loss exactly, so the gradient of a single unit
is unbiased for every loss; with more, the loss and the gradients of all other
units and weights are taken at relaxed units and are biased, the more the smaller
`from` is. With `from=1` it is `darn`. Cost: one forward, one backward.
)",
    .papers = {kPervez2020, kShekhovtsov2021},
    .traits = {.order = 2, .relaxed = true},
    .parameters = {from_parameter()},
    .rule = LayerRule{draw},
}};

}  // namespace
}  // namespace signet

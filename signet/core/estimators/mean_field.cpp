// Mean field: every unit is its mean.
//
//   x = E[x] = lo + (hi - lo) F(a)      forward
//   g_a = (hi - lo) F'(a) g_x           backward, the derivative of it
//
// The deterministic network of the proxies, tanh for logistic noise.

#include "signet/core/estimator.h"
#include "signet/core/papers.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  const auto& units = context.units;
  const double w = width(units.encoding);
  const auto mean = units.noise->cdf(logits.detach()) * w + low(units.encoding);
  return straight_through(logits, mean, *units.noise, w);
}

const Registered<Estimator> entry{{
    .name = "mean-field",
    .summary = "every unit replaced by its mean: the network of the smooth "
               "proxies",
    .help = R"(
Forward: `x = E[x]`, which is `2F(a) - 1` for signs and `F(a)` for bits; backward:
its derivative. No noise and no binary units: the ordinary network whose
activation is the proxy (tanh for logistic noise, Htanh for uniform). Exact for
one layer under a multilinear loss; the units are far from binary, so what it
trains need not work when they are. Cost: one forward, one backward.
)",
    .papers = {kShekhovtsovYanushFlach2020},
    .traits = {.order = 1, .relaxed = true, .deterministic = true},
    .parameters = {},
    .rule = LayerRule{draw},
}};

}  // namespace
}  // namespace signet

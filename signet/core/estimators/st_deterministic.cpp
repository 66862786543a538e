// Deterministic straight-through (the empirical rule of BinaryNet).
//
//   x = hi if a >= 0 else lo    forward
//   g_a = (hi - lo) F'(a) g_x   backward, as `st`
//
// The backward of `st` at the mode. Hubara et al. 2016, arXiv:1602.02830.

#include "signet/core/estimator.h"
#include "signet/core/straight_through.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  const auto units = with_noise_argument(context);
  const auto x = ModeSampler().draw(logits.detach(), units);
  return straight_through(logits, x, *units.noise, width(units.encoding));
}

const Registered<Estimator> entry{{
    .name = "st-deterministic",
    .summary = "straight-through on a deterministic unit, the sign of the "
               "pre-activation",
    .help = R"(
Forward: `x = sign(a)`. Backward: `g_a = 2F'(a) g_x` for signs, `F'(a) g_x` for
bits, as `st`. No variance, and a bias that is generally larger than that of
`st` in a stochastic network; it trains the deterministic network. With uniform
noise this is BinaryNet's rule. Cost: one forward, one backward.
)",
    .paper = "Hubara et al. 2016, arXiv:1602.02830",
    .traits = {.order = 1, .deterministic = true},
    .parameters = {noise_parameter()},
    .rule = LayerRule{draw},
}};

}  // namespace
}  // namespace signet

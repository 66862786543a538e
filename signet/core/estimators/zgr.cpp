// ZGR: the zero-temperature limit of Gumbel-Rao.
//
//   x ~ F(a)                                            forward
//   g_a = 1/2 ((hi - lo) F'(a) + (x - E[x]) d log P(x)/da) g_x
//
// the average of `st` and of DARN with the pivot E[x]. In the binary case both
// states give (hi - lo)/2 |d log P(x)/da|: the rule `darn`. Shekhovtsov 2023.

#include "signet/core/estimator.h"
#include "signet/core/papers.h"
#include "signet/core/reweighting.h"

namespace signet {
namespace {

Tensor draw(const Tensor& logits, const DrawContext& context) {
  return draw_reweighted(logits, context);
}

const Registered<Estimator> entry{{
    .name = "zgr",
    .summary = "zero-temperature Gumbel-Rao; for binary units the same as darn",
    .help = R"(
Forward: `x ~ F(a)`. Backward: `g_a = 1/2 ((hi - lo) F'(a) + (x - E[x]) d log
P(x)) g_x`: the limit of `gumbel-rao` as its temperature goes to 0 and its samples to
infinity, in closed form, without either parameter. It averages `st` and DARN
about the mean; for units of two states that is `darn`, which see.
Cost: one forward, one backward.
)",
    .papers = {kShekhovtsov2023},
    .traits = {.order = 2},
    .parameters = {},
    .rule = LayerRule{draw},
}};

}  // namespace
}  // namespace signet

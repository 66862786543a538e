// A table of 2^n random values, one for each state of n units, with nothing
// for an estimator to rely on. Between the states the loss is the multilinear
// interpolation of the table, so it has a derivative, and straight-through
// estimators are exact in it.

#include "signet/core/random.h"
#include "signet/core/torch.h"
#include "signet/measure/problem.h"

namespace signet {
namespace {

/// sum over states s of table[s] prod_i (s_i ? b_i : 1 - b_i).
/// Shapes: b [..., n], table [2^n], bit i of s weighing 2^(n - 1 - i).
Tensor interpolate(const Tensor& table, const Tensor& b) {
  auto values = table.to(b.scalar_type());
  for (int64_t i = 0; i < b.size(-1); ++i) {
    const int64_t half = values.size(-1) / 2;
    const auto low = values.narrow(-1, 0, half);
    values = low + b.narrow(-1, i, 1) * (values.narrow(-1, half, half) - low);
  }
  return values.squeeze(-1);
}

Problem make(const Arguments& arguments) {
  const int64_t n = arguments.integer("units");
  const Random random(static_cast<uint64_t>(arguments.integer("seed")));
  const auto uniform = [&](int64_t count, uint32_t index) {
    return random.site(RandomUse::measurement, index).uniform({count});
  };
  const auto table = logistic_noise().quantile(uniform(int64_t{1} << n, 0));
  const auto logits = uniform(n, 1) * 2 - 1;
  return {.name = {},
          .groups = {{"logits", {logits}}},
          .loss = [=](const std::vector<Tensor>& p, Sampler& sampler) {
            return interpolate(
                table, sampler.draw(p[0], {.encoding = Encoding::bits}));
          }};
}

const Registered<ProblemRecord> entry{{
    .name = "table",
    .summary = "a random value for each of the 2^n states of n units",
    .parameters = {{.name = "units",
                    .fallback = int64_t{8},
                    .help = "number of units n",
                    .min = 1,
                    .max = 16},
                   {.name = "seed",
                    .fallback = int64_t{1},
                    .help = "of the table and of the logits in [-1, 1]",
                    .min = 0}},
    .make = make,
}};

}  // namespace
}  // namespace signet

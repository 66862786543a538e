// The toy of the literature on unbiased estimators: D independent units,
//
//   L(b) = (1/D) sum_i |b_i - t|^p,   t near 1/2
//
// so near that the two values of a unit hardly differ and the gradient is
// small beside the noise. Tucker et al. 2017 (REBAR) with D = 1, t = .45;
// Grathwohl et al. 2018 (RELAX) t = .499; Titsias, Shi 2022 D = 200.

#include "signet/core/torch.h"
#include "signet/measure/problem.h"

namespace signet {
namespace {

Problem make(const Arguments& arguments) {
  const double target = arguments.number("target");
  const double power = arguments.number("power");
  return {.name = {},
          .groups = {{"logits",
                      {torch::full({arguments.integer("units")},
                                   arguments.number("logit"))}}},
          .loss = [=](const std::vector<Tensor>& p, Sampler& sampler) {
            const auto b = sampler.draw(p[0], {.encoding = Encoding::bits});
            return (b - target).abs().pow(power).mean(-1);
          }};
}

const Registered<ProblemRecord> entry{{
    .name = "polynomial",
    .summary = "mean of |b_i - target|^power over independent units",
    .parameters = {{.name = "units",
                    .fallback = int64_t{20},
                    .help = "number of units D",
                    .min = 1,
                    .max = 100000},
                   {.name = "target",
                    .fallback = 0.499,
                    .help = "0.45, 0.49, 0.499 in the literature"},
                   {.name = "power",
                    .fallback = 2.0,
                    .help = "1.5, 2, 3 in the literature",
                    .min = 1},
                   {.name = "logit", .fallback = 0.0, .help = "of every unit"}},
    .make = make,
}};

}  // namespace
}  // namespace signet

// Bop, the binary optimizer: weights without latent ones.
//
//   m <- (1 - gamma) m + gamma dL/dw,   w <- -w where w m > threshold
//
// Helwegen et al. 2019.

#include "signet/core/kernels/vectorized.h"
#include "signet/core/step.h"
#include "signet/core/torch.h"
#include "signet/optim/descent.h"
#include "signet/optim/one_pass.h"

namespace signet {
namespace {

/// One pass: reads w, m, g and writes w, m.
SIGNET_VECTORIZED
int32_t bop_range(float keep, float gamma, float threshold, const float* g,
                  float* w, float* m, int64_t n) {
  int32_t flips = 0;
  for (int64_t i = 0; i < n; ++i) {
    m[i] = keep * m[i] + gamma * g[i];
    // The first time the parameter has the layer's latent weights.
    const float old = w[i] >= 0 ? 1.F : -1.F;
    const bool flip = old * m[i] > threshold;
    flips += flip;
    w[i] = flip ? -old : old;
  }
  return flips;
}

int64_t step_by_aten(const StepContext& c, double gamma, double threshold) {
  auto& m = memory(c, "m");
  m.mul_(1 - gamma).add_(c.gradient, gamma);
  const auto w = step(c.parameter, -1, 1);
  const auto flip = w * m > threshold;
  c.parameter.copy_(torch::where(flip, -w, w));
  return flip.sum().item<int64_t>();
}

int64_t step_of_bop(const StepContext& c) {
  torch::NoGradGuard no_gradient;
  const double gamma = c.arguments.number("gamma");
  const double threshold = c.arguments.number("threshold");
  if (!is_plain_float(c.parameter) || !is_plain_float(c.gradient))
    return step_by_aten(c, gamma, threshold);
  auto* w = c.parameter.data_ptr<float>();
  auto* m = memory(c, "m").data_ptr<float>();
  const auto* g = c.gradient.data_ptr<float>();
  return sum_over_ranges(c.parameter.numel(), [&](int64_t first,
                                                  int64_t count) {
    return bop_range(static_cast<float>(1 - gamma), static_cast<float>(gamma),
                     static_cast<float>(threshold), g + first, w + first,
                     m + first, count);
  });
}

const Registered<WeightRule> entry{{
    .name = "bop",
    .summary =
        "flips a weight when its mean gradient insists; no latent weight",
    .help = R"(
`m <- (1 - gamma) m + gamma dL/dw`; `w <- -w` where `w m > threshold`, strictly.
The parameter holds `w` itself, -1 or +1. The learning rate plays no part: a
larger `gamma` follows the gradient faster, a larger `threshold` asks for more
before a flip. Gradients differ in scale by orders of magnitude between
networks, so search both, by factors of 10; watch the flip ratio. Published:
1e-4 and 1e-8 on CIFAR-10 (gamma decaying), 1e-3 and 1e-6 for a BinaryNet.
)",
    .papers = {{.key = "helwegen2019latent",
                .authors = "Koen Helwegen and James Widdicombe and Lukas "
                           "Geiger and Zechun Liu and Kwang-Ting Cheng and "
                           "Roeland Nusselder",
                .title = "Latent Weights Do Not Exist: Rethinking Binarized "
                         "Neural Network Optimization",
                .year = 2019,
                .venue = "Advances in Neural Information Processing Systems",
                .arxiv = "1906.02107"}},
    .parameters = {{.name = "gamma",
                    .fallback = 1e-4,
                    .help = "how fast the mean gradient follows",
                    .min = 0,
                    .max = 1},
                   {.name = "threshold",
                    .fallback = 1e-8,
                    .help = "of w m, above which w flips",
                    .min = 0}},
    .step = step_of_bop,
}};

}  // namespace
}  // namespace signet

// DisARM (U2G): ARM with u integrated out given the pair.
//
//   b = 1[u < p],  b' = 1[1 - u < p]
//   g_a = F'/min(p, 1-p) (L(b) - L(b')) (b - b') / 2,   b in {0, 1}
//
// Given b != b' u is uniform on the rarer state's min(p, 1-p), so the mean of
// (1/2 - u) is max(p, 1-p) / 2; given b = b' it is 0.
// Dong, Mnih, Tucker 2020; U2G: Yin, Ho, Yan, Qian, Zhou 2020.

#include "signet/core/coupled_units.h"
#include "signet/core/estimator.h"
#include "signet/core/tail.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Estimate estimate(const Objective& objective, const RuleContext& context) {
  const auto path = run_path(objective, context.random);
  const auto loss = path.loss.detach();
  std::vector<Tensor> gradients;
  for (size_t l = 0; l < path.layers.size(); ++l) {
    const auto& layer = path.layers[l];
    const auto x = antithetic_units(layer, path_noise(path, l, context.random));
    const auto other = tail_loss(objective, context, path, l, x);
    const auto bits = (layer.x - x) / layer.width();
    gradients.push_back(as_units(loss - other, x) * rare_slope(layer) * bits /
                        2);
  }
  return {loss, with_logit_gradients(path.loss, path, gradients)};
}

const Registered<Estimator> entry{{
    .name = "disarm",
    .summary = "antithetic pair with the noise integrated out (U2G), unbiased, "
               "black-box objective",
    .help = R"(
`g = F'/min(p, 1-p) (L(b) - L(b')) (b - b')/2`, where `u` draws `b` and `1 - u`
draws `b'`: the mean of `arm` given the pair, found at the same time as U2G
(unbiased uniform gradient), and `arms` with two samples. A good first choice
where the loss cannot be differentiated. In a chain of layers each layer gets
its pair given the layers below, and the tail is drawn anew.
Cost: one forward, and one for each layer of units.
)",
    .papers = {{.key = "dong2020disarm",
                .authors = "Zhe Dong and Andriy Mnih and George Tucker",
                .title = "DisARM: An Antithetic Gradient Estimator for Binary "
                         "Latent Variables",
                .year = 2020,
                .venue = "Advances in Neural Information Processing Systems",
                .arxiv = "2006.10680"},
               {.key = "yin2020probabilistic",
                .authors = "Mingzhang Yin and Nhat Ho and Bowei Yan and "
                           "Xiaoning Qian and Mingyuan Zhou",
                .title = "Probabilistic Best Subset Selection via "
                         "Gradient-Based Optimization",
                .year = 2020,
                .arxiv = "2006.06448"}},
    .traits = {.unbiased = true,
               .evaluations = {.per_layer = 1},
               .differentiates_objective = false},
    .parameters = {tail_parameter()},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

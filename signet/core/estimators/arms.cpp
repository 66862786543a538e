// ARMS: antithetic REINFORCE with K samples of a Dirichlet copula.
//
//   d ~ Dirichlet(1, ..., 1) on K members,  v_k = (1 - d_k)^(K-1)
//
// Each v_k is uniform, and they repel one another. q = min(p, 1-p); member k
// is in the rarer state where v_k < q. With b_k = 1[member k is high]:
//
//   g_a = F'/(q - joint) 1/(K-1) sum_k (L(b_k) - mean L) (b_k - p)
//   joint = P(two members are rare) = max(2 q^(1/(K-1)) - 1, 0)^(K-1)
//
// the leave-one-out estimator divided by 1 - correlation of two members. As
// F'/q is a score and joint/q = max(2 - q^(-1/(K-1)), 0)^(K-1) <= 1/2, it is
// finite for every logit.
//
// The first member is the main path: v_1 = u, or 1 - u where p >= 1/2, gives
// d_1 = 1 - v_1^(1/(K-1)); given d_1 the others are 1 - d_1 times a flat
// Dirichlet of K - 1 members. Dimitriev, Zhou 2021.

#include "signet/core/coupled_units.h"
#include "signet/core/estimator.h"
#include "signet/core/tail.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// The units of members 2 to K of layer l, [K - 1, E, n...].
Tensor other_members(const Path& path, size_t l, const Random& random,
                     int64_t samples) {
  const auto& layer = path.layers[l];
  const auto p = layer.probability();
  const auto u = path_noise(path, l, random);
  const double power = static_cast<double>(samples) - 1;
  const auto first = 1 - torch::where(p < 0.5, u, 1 - u).pow(1 / power);
  const LayerNoise noise(random, static_cast<uint32_t>(l));
  std::vector<Tensor> exponential;
  for (int64_t k = 1; k < samples; ++k) {
    const auto stream = noise.extra(static_cast<uint64_t>(k));
    exponential.push_back(-stream.uniform(u.sizes(), u.options()).log());
  }
  const auto e = torch::stack(exponential);
  const auto v = (1 - (1 - first) * (e / e.sum(0))).pow(power);
  const auto is_rare = v < torch::minimum(p, 1 - p);
  return (is_rare == (p < 0.5)).to(layer.x.scalar_type()) * layer.width() +
         layer.low();
}

/// 1 / (1 - joint / q).
Tensor correction(const PathLayer& layer, int64_t samples) {
  const auto p = layer.probability();
  const auto q = torch::minimum(p, 1 - p);
  const double power = static_cast<double>(samples) - 1;
  return 1 / (1 - (2 - q.pow(-1 / power)).clamp_min(0).pow(power));
}

Estimate estimate(const Objective& objective, const RuleContext& context) {
  const auto samples = context.arguments.integer("samples");
  const auto path = run_path(objective, context.random);
  const auto loss = path.loss.detach();
  std::vector<Tensor> gradients;
  for (size_t l = 0; l < path.layers.size(); ++l) {
    const auto& layer = path.layers[l];
    const auto others = other_members(path, l, context.random, samples);
    const auto losses = torch::cat(
        {loss.unsqueeze(0), tail_loss(objective, context, path, l, others)});
    const auto x = torch::cat({layer.x.unsqueeze(0), others});
    const auto covariance =
        (as_units(losses - losses.mean(0), x) * (x - layer.low())).sum(0) /
        (layer.width() * static_cast<double>(samples - 1));
    gradients.push_back(rare_slope(layer) * correction(layer, samples) *
                        covariance);
  }
  return {loss, with_logit_gradients(path.loss, path, gradients)};
}

const Registered<Estimator> entry{{
    .name = "arms",
    .summary = "K antithetic samples of a Dirichlet copula, unbiased, "
               "black-box objective",
    .help = R"(
`disarm` for more than two samples: K states of each layer that repel one
another (Dirichlet copula), and the leave-one-out estimator `rloo` divided by
one minus their correlation: `g = F'/(q - r) 1/(K-1) sum_k (L_k - mean L) (b_k -
p)`, `q = min(p, 1-p)`, `r` the probability that two of them are in the rarer
state. With two samples it is `disarm`. The direct
gradient of the loss is that of the first sample. In a chain of layers the K
states of a layer share the layers below, and the tail is drawn anew; `rloo`
averages over K states of those as well, and can be less noisy there.
Cost: one forward, and K - 1 for each layer of units.
)",
    .papers = {{.key = "dimitriev2021arms",
                .authors = "Alek Dimitriev and Mingyuan Zhou",
                .title = "ARMS: Antithetic-REINFORCE-Multi-Sample Gradient for "
                         "Binary Variables",
                .year = 2021,
                .venue = "International Conference on Machine Learning",
                .arxiv = "2105.14141"}},
    .traits = {.unbiased = true,
               .evaluations = {.per_layer = -1, .per_sample_layer = 1},
               .differentiates_objective = false},
    .parameters = {{.name = "samples",
                    .fallback = int64_t{4},
                    .help = "states of each layer",
                    .min = 2,
                    .max = 10000},
                   tail_parameter()},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

// RODEO: control variates from a discrete Stein operator.
//
//   (A h)(b) = sum_d P(b_d flips) (h(b with d flipped) - h(b)),   E A h = 0
//   g_i = mean_k dlogP(x_ki)/da_i (L_k - mean over j != k of (L_j + alpha A
//   h_j)
//                                  + beta (A h'_k - h'_k(b_k with i flipped)))
//
// for layer after layer, P(b_d flips) = P(the other state | layers below). The
// beta term is the published A (h' dlogP): in its sum over flips only unit i
// changes dlogP(x_ki), and P(other) (dlogP(other) - dlogP(x)) = -dlogP(x). The
// operator sums where the paper averages; alpha and beta absorb the factor.
//
// h_k and h'_k know the other samples alone. With G their mean dL/db,
//   h(b) = G (b - p) + deviation * network(predicted mean loss, G (b - p)),
// so no flip evaluates the loss, and with the network at zero and alpha = 1
// the baseline is that of `double-cv`. Shi, Zhou, Hwang, Titsias, Mackey 2022.

#include "signet/core/coupled_units.h"
#include "signet/core/estimator.h"
#include "signet/core/learned_tensors.h"
#include "signet/core/running_moments.h"
#include "signet/core/torch.h"
#include "signet/core/unit_gradients.h"

namespace signet {
namespace {

/// What the operator makes of a layer. Shapes: K samples, E examples, flat
/// units n.
struct Stein {
  Tensor baseline;  ///< A h [K, E]
  Tensor own;       ///< A h' - h'(flipped) [K, E, n]
};

Stein stein(const std::vector<DifferentiatedPath>& paths, size_t l,
            const PathLayer& layer, const Tensor& losses,
            const RunningMoments& moments, LearnedTensors& learned,
            int64_t hidden) {
  const auto flat = [&](const Tensor& t) {
    auto shape = losses.sizes().vec();
    shape.push_back(-1);
    return t.reshape(shape);
  };
  const auto b = flat(bits(layer)), p = flat(layer.probability());
  const auto own = flat(stacked_gradients(paths, l));
  const auto slopes = mean_of_others(own);
  const auto flips = torch::where(b > 0.5, 1 - p, p);
  // The linearisation at the sample, then at each flip of it.
  const auto at_sample = (slopes * (b - p)).sum(-1, true);
  const auto linear =
      torch::cat({at_sample, at_sample + slopes * (1 - 2 * b)}, -1);
  const auto predicted = mean_of_others(losses - (own * b).sum(-1)) +
                         (slopes * p).sum(-1) - moments.mean;
  const auto input =
      torch::stack({predicted.unsqueeze(-1).expand_as(linear), linear}, -1) /
      moments.deviation;
  const auto h =
      linear.unsqueeze(-1) +
      moments.deviation *
          small_network(learned, layer_prefix(l) + "network", input, hidden, 2);
  const auto here = h.narrow(-2, 0, 1);              // [K, E, 1, 2]
  const auto flipped = h.narrow(-2, 1, b.size(-1));  // [K, E, n, 2]
  const auto operated = (flips.unsqueeze(-1) * (flipped - here)).sum(-2);
  return {operated.select(-1, 0),
          operated.select(-1, 1).unsqueeze(-1) - flipped.select(-1, 1)};
}

Estimate estimate(const Objective& objective, const RuleContext& context) {
  const auto& arguments = context.arguments;
  const auto paths = differentiated_paths(objective, context.random,
                                          arguments.integer("samples"));
  const auto losses = stacked_losses(paths);
  const auto layers = static_cast<int64_t>(paths[0].path.layers.size());
  const auto moments = running_moments(context.state, "loss", losses);
  LearnedTensors learned(context.state, "", arguments.number("rate"));
  const auto weights = [&](const char* name) {
    return learned(name, [&] {
      return torch::full({layers}, arguments.number(name), losses.options());
    });
  };
  const auto alpha = weights("alpha"), beta = weights("beta");
  auto values = losses;
  std::vector<Tensor> scores, own;
  for (int64_t l = 0; l < layers; ++l) {
    const auto index = static_cast<size_t>(l);
    const auto layer = stacked_layer(paths, index);
    const auto part = stein(paths, index, layer, losses, moments, learned,
                            arguments.integer("hidden"));
    values = values + alpha[l] * part.baseline;
    scores.push_back(layer.score());
    own.push_back(beta[l] * part.own.view_as(layer.x));
  }
  const auto advantage = losses - mean_of_others(values);
  std::vector<Tensor> gradients, means;
  for (size_t l = 0; l < scores.size(); ++l) {
    gradients.push_back((as_units(advantage, scores[l]) + own[l]) * scores[l]);
    means.push_back(gradients.back().mean(0));
  }
  if (learned.learning()) {
    learned.descend(second_moment(means, losses[0]));
    follow(context.state, "loss", losses);
  }
  return mean_estimate(paths, gradients);
}

const Registered<Estimator> entry{{
    .name = "rodeo",
    .summary = "leave-one-out samples with control variates from a discrete "
               "Stein operator, unbiased",
    .help = R"(
`g_i = mean_k d log P(x_ki) (L_k - mean of the other (L + alpha A h) + beta (A h_k
- h_k(i flipped)))`, `A h = sum_d P(d flips) (h(d flipped) - h)`, whose mean is 0:
`rloo` for K joint samples of all layers with two more control variates, both
functions of one flip of one unit: `alpha` times one in the baseline of the
other samples, `beta` times one for each unit of the sample itself. The function
is the linearisation of the loss at the other samples and a small network of it,
so flips cost no evaluations. `alpha`, `beta` (one number a layer) and the
networks are learned to lower the variance; where `alpha` and `beta` are 0, as
at the start, this is `rloo`. Unbiased in any depth.
Cost: K forwards and 2 K backwards, and the networks' at n + 1 states of a layer.
)",
    .papers = {{.key = "shi2022gradient",
                .authors = "Jiaxin Shi and Yuhao Zhou and Jessica Hwang and "
                           "Michalis K. Titsias and Lester Mackey",
                .title = "Gradient Estimation with Discrete Stein Operators",
                .year = 2022,
                .venue = "Advances in Neural Information Processing Systems",
                .arxiv = "2202.09497"}},
    .traits = {.unbiased = true,
               .evaluations = {.fixed = 0, .per_sample = 1},
               .learns = true},
    .parameters = {{.name = "samples",
                    .fallback = int64_t{2},
                    .help = "joint samples K",
                    .min = 2,
                    .max = 1024},
                   {.name = "alpha",
                    .fallback = 0.0,
                    .help = "weight in the baseline, the first one if it is "
                            "learned"},
                   {.name = "beta",
                    .fallback = 0.0,
                    .help = "weight in the sample, the first one if it is "
                            "learned"},
                   {.name = "hidden",
                    .fallback = int64_t{16},
                    .help = "hidden units of the network of each layer",
                    .min = 1,
                    .max = 4096},
                   rate_parameter()},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

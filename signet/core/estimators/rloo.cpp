// REINFORCE leave-one-out (VarGrad).
//
//   g = 1/K sum_k (L_k - mean of the other L_j) d log P(x_k)
//     = 1/(K-1) sum_k (L_k - mean L) d log P(x_k)
//
// for K joint samples of all layers. Kool, van Hoof, Welling 2019.

#include "signet/core/coupled_units.h"
#include "signet/core/estimator.h"
#include "signet/core/scale_units.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

Estimate estimate(const Objective& objective, const RuleContext& context) {
  const auto samples = context.arguments.integer("samples");
  std::vector<Path> paths;
  std::vector<Tensor> values;
  for (int64_t k = 0; k < samples; ++k) {
    paths.push_back(
        run_path(objective, context.random.branch(static_cast<uint64_t>(k))));
    values.push_back(paths.back().loss.detach());
  }
  const auto losses = torch::stack(values);
  const auto advantage = losses - mean_of_others(losses);
  Tensor surrogate;
  for (int64_t k = 0; k < samples; ++k) {
    const auto& path = paths[static_cast<size_t>(k)];
    std::vector<Tensor> gradients;
    for (const auto& layer : path.layers)
      gradients.push_back(scale_units(layer.score(), advantage[k]));
    const auto part = with_logit_gradients(path.loss, path, gradients);
    surrogate = surrogate.defined() ? surrogate + part : part;
  }
  return {losses.mean(0), surrogate / static_cast<double>(samples)};
}

const Registered<Estimator> entry{{
    .name = "rloo",
    .summary = "score function of K samples, each with the mean loss of the "
               "others as baseline (VarGrad)",
    .help = R"(
`g = 1/(K-1) sum_k (L_k - mean L) d log P(x_k)` for K joint samples of all
layers. The baseline of a sample is the mean loss of the others on the same
example, so nothing is learned or tuned. VarGrad, the gradient of half the
variance of the loss over samples, is the same. Any loss, any depth.
Cost: K forwards.
)",
    .papers = {{.key = "kool2019buy",
                .authors = "Wouter Kool and Herke {van Hoof} and Max Welling",
                .title = "Buy 4 REINFORCE Samples, Get a Baseline for Free!",
                .year = 2019,
                .venue = "ICLR Workshop: Deep Reinforcement Learning Meets "
                         "Structured Prediction"},
               {.key = "richter2020vargrad",
                .authors =
                    "Lorenz Richter and Ayman Boustati and Nikolas Nuesken and "
                    "Francisco J. R. Ruiz and Oemer Deniz Akyildiz",
                .title = "VarGrad: A Low-Variance Gradient Estimator for "
                         "Variational Inference",
                .year = 2020,
                .venue = "Advances in Neural Information Processing Systems",
                .arxiv = "2010.10436"}},
    .traits = {.unbiased = true,
               .evaluations = {.fixed = 0, .per_sample = 1},
               .differentiates_objective = false},
    .parameters = {{.name = "samples",
                    .fallback = int64_t{4},
                    .help = "joint samples",
                    .min = 2,
                    .max = 10000}},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

// VIMCO: multi-sample bounds with leave-one-out signals.
//
//   B = -log 1/K sum_k exp(-L_k)
//   g = sum_k (B - B_k) d log P(x_k) + dB
//
// B_k is B with L_k replaced by the mean of the others, that is the weight
// w_k = exp(-L_k) by the geometric mean of the others; it does not depend on
// x_k. dB is the direct gradient. Mnih, Rezende 2016.

#include "signet/core/bound.h"
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
    values.push_back(paths.back().loss);
  }
  auto surrogate = sample_bound(torch::stack(values));
  const auto bound = surrogate.detach();
  const auto losses = torch::stack(values).detach();
  const auto stand_in = mean_of_others(losses);
  for (int64_t k = 0; k < samples; ++k) {
    auto without = losses.clone();
    without[k] = stand_in[k];
    const auto signal = bound - sample_bound(without);
    const auto& path = paths[static_cast<size_t>(k)];
    std::vector<Tensor> gradients;
    for (const auto& layer : path.layers)
      gradients.push_back(scale_units(layer.score(), signal));
    surrogate = with_logit_gradients(surrogate, path, gradients);
  }
  return {bound, surrogate};
}

const Registered<Estimator> entry{{
    .name = "vimco",
    .summary = "multi-sample bound with leave-one-out signals, unbiased for "
               "the gradient of the bound",
    .help = R"(
Minimises `B = -log 1/K sum_k exp(-L_k)` of K joint samples instead of the
expected loss: `g = sum_k (B - B_k) d log P(x_k) + dB`. With `L = -log w` it is the importance weighted bound: tighter
with more samples, the expected loss with one. The signal of a sample is by how
much `B` exceeds `B_k`, what it were with the mean loss of the others in place of its
own. Cost: K forwards.
)",
    .papers = {{.key = "mnih2016variational",
                .authors = "Andriy Mnih and Danilo J. Rezende",
                .title = "Variational Inference for Monte Carlo Objectives",
                .year = 2016,
                .venue = "International Conference on Machine Learning",
                .arxiv = "1602.06725"}},
    .traits = {.unbiased = true,
               .evaluations = {.fixed = 0, .per_sample = 1},
               .differentiates_objective = false,
               .bound = true},
    .parameters = {{.name = "samples",
                    .fallback = int64_t{2},
                    .help = "joint samples in the bound",
                    .min = 2,
                    .max = 10000}},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

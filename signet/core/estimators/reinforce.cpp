// Score function (REINFORCE, likelihood ratio) with a baseline.
//
//   x ~ F(a),  g_i = (L(x) - c_i) s_i,  s_i = d log P(x_i)/da_i
//
// in every layer. Williams 1992. The baseline c that takes away most variance
// of unit i is E[s_i^2 L] / E[s_i^2] = (1-p) E[L | x_i = hi] + p E[L | x_i =
// lo]; R2RT 2016 takes the ratio of running means, which start at 0 and 1:
//
//   num <- decay num + (1 - decay) mean of s_i^2 L,  den likewise of s_i^2,
//   c_i = num / (den + 1e-4)
//
// There the averages include the current batch of B examples, which biases the
// gradient by O(1/B). Here they are read before it is added.

#include "signet/core/estimator.h"
#include "signet/core/papers.h"
#include "signet/core/path.h"
#include "signet/core/scale_units.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// The running average of that name without `now`, the mean over the axes of
/// examples of which is added after it is read.
Tensor running(const RuleContext& context, const std::string& name,
               double initial, const Tensor& now, int64_t example_axes) {
  std::vector<int64_t> axes(static_cast<size_t>(example_axes));
  std::iota(axes.begin(), axes.end(), 0);
  const auto mean = axes.empty() ? now : now.mean(axes);
  auto& average = context.state.tensor(
      name, [&] { return torch::full_like(mean, initial); });
  const auto before = average;
  const double decay = context.arguments.number("decay");
  if (context.state.learning) average = decay * average + (1 - decay) * mean;
  return before;
}

Estimate estimate(const Objective& objective, const RuleContext& context) {
  const auto path = run_path(objective, context.random);
  const auto loss = path.loss.detach();
  const auto& kind = context.arguments.text("baseline");
  auto advantage = loss;
  if (kind == "constant")
    advantage = loss - context.arguments.number("value");
  else if (kind == "average")
    advantage = loss - running(context, "average", 0, loss, loss.dim());
  std::vector<Tensor> gradients;
  for (size_t l = 0; l < path.layers.size(); ++l) {
    const auto score = path.layers[l].score();
    if (kind != "unit") {
      gradients.push_back(scale_units(score, advantage));
      continue;
    }
    const auto weight = score.square();
    const auto name = "layer " + std::to_string(l);
    const auto sum = running(context, name + ".num", 0,
                             scale_units(weight, advantage), loss.dim());
    const auto total = running(context, name + ".den", 1, weight, loss.dim());
    gradients.push_back((as_units(advantage, score) - sum / (total + 1e-4)) *
                        score);
  }
  return {loss, with_logit_gradients(path.loss, path, gradients)};
}

const Registered<Estimator> entry{{
    .name = "reinforce",
    .summary = "score function with a baseline, one evaluation, unbiased, "
               "black-box objective",
    .help = R"(
`g_i = (L(x) - c_i) d log P(x_i)` for one joint sample `x` of all layers. Never
looks at the derivative of the loss, so the loss may be anything. Unbiased for
every baseline `c` that does not depend on the sample; the variance grows with
the number of units and with the distance of `c` from the expected loss.
`average` is the running mean of the loss; `unit` has for each unit the running
`E[s^2 L]/E[s^2]`, the one of least variance (R2RT). Both are read before the
current batch enters them, so they leave no bias. Cost: one forward.
)",
    .papers = {kWilliams1992, kBengio2013, kR2rt2016},
    .traits = {.unbiased = true,
               .differentiates_objective = false,
               .learns = true},
    .parameters = {{.name = "baseline",
                    .fallback = std::string("none"),
                    .help = "what is subtracted from the loss",
                    .choices = {"none", "constant", "average", "unit"}},
                   {.name = "value",
                    .fallback = 0.0,
                    .help = "of the constant baseline"},
                   {.name = "decay",
                    .fallback = 0.95,
                    .help = "of the running averages, for each batch",
                    .min = 0,
                    .max = 1}},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

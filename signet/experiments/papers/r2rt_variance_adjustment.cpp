// Experiment 1: REINFORCE with and without the variance-adjusted baseline.

#include <torch/csrc/autograd/autograd.h>

#include "signet/core/cross_entropy.h"
#include "signet/core/estimator.h"
#include "signet/core/papers.h"
#include "signet/core/torch.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/neuron_arms.h"

namespace signet {
namespace {

constexpr const char* kWith = "with adjustment";
constexpr const char* kWithout = "without adjustment";

const std::vector<std::pair<std::string, std::string>>& estimators() {
  static const std::vector<std::pair<std::string, std::string>> estimators{
      {kWith, kReinforceAdjusted}, {kWithout, kReinforce}};
  return estimators;
}

std::string long_run(const std::string& name) { return name + ", rate 0.05"; }
std::string short_run(const std::string& name) { return name + ", rate 0.3"; }

/// Sum over the weights of the hidden layer of the variance of the estimated
/// gradient, for one batch of 50: what chance there is in the units alone. The
/// baseline has first learned from other batches.
double gradient_variance(const NeuronNet& net, const std::string& spelling,
                         const Examples& examples, const Random& random) {
  constexpr int64_t kLearn = 100, kRepeats = 64, kRows = 50;
  const BoundEstimator estimator(spelling);
  EstimatorState state;
  std::vector<Tensor> gradients;
  for (int64_t i = 0; i < kLearn + kRepeats; ++i) {
    state.learning = i < kLearn;
    const int64_t batch = std::min(i, kLearn);
    const auto x = pixels(examples.images.narrow(0, batch * kRows, kRows));
    const auto labels = examples.labels.narrow(0, batch * kRows, kRows);
    const auto estimate = estimator(
        [&](Sampler& sampler) {
          return cross_entropy(net.classes(x, sampler), labels);
        },
        random.at_step(static_cast<uint32_t>(i)), state);
    if (state.learning) continue;
    gradients.push_back(torch::autograd::grad({estimate.surrogate.mean()},
                                              {net.weights[0]})[0]);
  }
  return torch::stack(gradients).to(torch::kDouble).var(0).sum().item<double>();
}

/// The mean of the first three epochs, of every seed.
std::vector<double> early(const Curves& curves, const std::string& label) {
  std::vector<double> means;
  for (const auto& seed : curves.at(label))
    means.push_back((seed.at(0) + seed.at(1) + seed.at(2)) / 3);
  return means;
}

/// Variances of one estimator at the nets of a training: [seed][epoch].
using Variances = std::vector<std::vector<double>>;

report::LineChart variance_chart(const std::map<std::string, Variances>& all) {
  report::LineChart chart{
      .title = "Variance of the gradient, at the nets trained with adjustment",
      .x_label = "epochs of 1001 steps",
      .y_label = "sum of variances, hidden weights",
      .log_y = true,
      .note = "Of one and the same batch of 50, over draws of the units."};
  for (const auto& [name, spelling] : estimators()) {
    std::vector<double> epochs;
    for (size_t i = 1; i <= all.at(name).front().size(); ++i)
      epochs.push_back(static_cast<double>(i));
    chart.series.push_back(curve_over_seeds(name, epochs, all.at(name)));
  }
  return chart;
}

Findings run(const ExperimentContext& context) {
  const auto data = r2rt_data(context);
  constexpr int64_t epochs = 20;  // whether both end close needs an end
  std::map<std::string, Variances> variances;
  for (const auto& [name, spelling] : estimators())
    variances[name].resize(static_cast<size_t>(context.seeds));
  const auto measure = [&](int64_t seed, const NeuronNet& net) {
    for (const auto& [name, spelling] : estimators())
      variances[name][static_cast<size_t>(seed)].push_back(gradient_variance(
          net, spelling, data.train, context.random(seed).branch(2)));
  };
  std::vector<Arm> arms;
  for (const auto& [name, estimator] : estimators()) {
    arms.push_back({{.estimator = estimator, .rate = 0.3, .epochs = 3},
                    {{.label = short_run(name)}}});
    arms.push_back({{.estimator = estimator, .rate = 0.05, .epochs = epochs},
                    {{.label = long_run(name)}}});
  }
  arms[1].after = measure;
  const auto curves = run_arms(context, arms, data);
  std::vector<double> ratios;
  for (size_t seed = 0; seed < variances[kWith].size(); ++seed)
    ratios.push_back(variances[kWith][seed].back() /
                     variances[kWithout][seed].back());
  const auto long_with = at_end(curves, long_run(kWith)),
             long_without = at_end(curves, long_run(kWithout)),
             short_with = at_end(curves, short_run(kWith)),
             short_without = at_end(curves, short_run(kWithout));
  Findings findings{
      .settings =
          neuron_settings(context, epochs,
                          {{"network", "784-100-10"},
                           {"rates", "0.3 for 3 epochs, 0.05 for all"},
                           {"adjustment",
                            "a baseline for each unit, running E[s^2 L]/E[s^2] "
                            "of decay 0.95"},
                           {"accuracy", "of one stochastic pass"}}),
      .measured = {{"speed",
                    paired_difference(early(curves, long_run(kWith)),
                                      early(curves, long_run(kWithout)))},
                   {"close", paired_difference(long_with, long_without)},
                   {"variance", mean_over_seeds(ratios)}},
      .differs = neuron_differences(
          context, epochs, 20,
          baseline_difference() +
              "The source compares speeds at rate 0.3, where neither gets "
              "far on Fashion-MNIST; they are compared at 0.05.")};
  compare_with_print(context, findings, "printed-with", long_with);
  compare_with_print(context, findings, "printed-without", long_without);
  findings.blocks = {
      accuracy_chart(
          "Rate 0.3, three epochs",
          "Neither gets far on Fashion-MNIST at this rate, where 10 % "
          "are right by chance; nothing is judged by it.",
          curves, {short_run(kWith), short_run(kWithout)}),
      accuracy_chart("Rate 0.05, the source's best", "", curves,
                     {long_run(kWith), long_run(kWithout)}),
      variance_chart(variances),
      report::Table{
          .title = "Validation accuracy at the end, %",
          .columns = {"", kWith, kWithout},
          .rows = {{"rate 0.3, 3 epochs", mean_text(short_with),
                    mean_text(short_without)},
                   {"rate 0.05, " + std::to_string(epochs) + " epochs",
                    mean_text(long_with), mean_text(long_without)}}}};
  return findings;
}

const Registered<Experiment> entry{{
    .name = "r2rt-variance-adjustment",
    .title = "REINFORCE with and without variance adjustment",
    .summary =
        "REINFORCE moves a unit by (x - p)(L - c). Any c leaves the mean of "
        "this as it is; the adjusted one is the constant of least variance, "
        "for each unit its own.",
    .source = kR2rt2016,
    .claims =
        {{.id = "speed",
          .sentence = "Variance adjustment makes REINFORCE learn faster.",
          .where = "experiment 1, there at rate 0.3; its printed values are "
                   "not known to us",
          .measured = "with minus without, mean validation accuracy after "
                      "epochs 1 to 3 at rate 0.05, in points",
          .holds = {.from = 0}},
         {.id = "close",
          .sentence = "Trained for long at the best rate, both end close to "
                      "each other.",
          .where = "experiment 1, rate 0.05",
          .measured = "with minus without after the last epoch, validation "
                      "accuracy in points; within 1.5",
          .holds = {-1.5, 1.5}},
         {.id = "variance",
          .sentence = "The adjusted estimate has less variance.",
          .where = "derivation of the baseline, after Bengio 2013",
          .measured = "variance of the hidden weights' gradient, with divided "
                      "by without, after the last epoch",
          .holds = {.to = 1}},
         printed_claim("printed-with", "REINFORCE with adjustment",
                       "experiment 1, rate 0.05", 92.74, 1),
         printed_claim("printed-without", "REINFORCE without adjustment",
                       "experiment 1, rate 0.05", 92.30, 1)},
    .cost = {.quick = 70, .normal = 115},
    .run = run,
}};

}  // namespace
}  // namespace signet

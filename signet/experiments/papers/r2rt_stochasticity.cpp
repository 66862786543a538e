// Experiment 5: stochastic and deterministic units in training and test.

#include "signet/core/papers.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/neuron_arms.h"

namespace signet {
namespace {

constexpr const char* kBoth = "stochastic in both";
constexpr const char* kTrained = "stochastic in training only";
constexpr const char* kNeither = "deterministic in both";
constexpr const char* kEnsemble = "stochastic in both, mean of 16 passes";

/// The same net on images that it was trained on.
std::string on_training(const std::string& label) {
  return label + ", training images";
}

Findings run(const ExperimentContext& context) {
  const auto data = r2rt_data(context);
  const int64_t epochs = neuron_epochs(context);
  const Examples seen{data.train.images.narrow(0, 0, 5000),
                      data.train.labels.narrow(0, 0, 5000)};
  const auto slope = published_slope(epochs);
  const auto curves = run_arms(
      context,
      {{{.rate = 0.3, .epochs = epochs},
        {{.label = kBoth, .slope = slope},
         {.label = kTrained, .units = UnitPass::rounded},
         {.label = on_training(kBoth), .slope = slope, .examples = seen},
         {.label = kEnsemble,
          .slope = slope,
          .passes = 16,
          .only_at_end = true}}},
       {{.estimator = kDeterministic, .rate = 0.3, .epochs = epochs},
        {{.label = kNeither, .units = UnitPass::rounded},
         {.label = on_training(kNeither),
          .units = UnitPass::rounded,
          .examples = seen}}}},
      data);
  const auto both = at_end(curves, kBoth), trained = at_end(curves, kTrained),
             neither = at_end(curves, kNeither);
  const auto gap = [&](const std::string& label) {
    auto gaps = at_end(curves, on_training(label));
    const auto validation = at_end(curves, label);
    for (size_t i = 0; i < gaps.size(); ++i) gaps[i] -= validation[i];
    return gaps;
  };
  Findings findings{
      .settings = neuron_settings(
          context, epochs,
          {{"network", "784-100-10"},
           {"estimator",
            "slope-annealed straight-through as published, rate "
            "0.3; deterministic units are 1 where a >= 0"},
           {"training accuracy", "on 5000 of the training images"}}),
      .measured = {{"test", paired_difference(trained, both)},
                   {"training", paired_difference(both, neither)},
                   {"speed", paired_difference(at_epoch(curves, kNeither, 1),
                                               at_epoch(curves, kTrained, 1))},
                   {"overfits", paired_difference(gap(kNeither), gap(kBoth))}},
      .differs = neuron_differences(
          context, epochs, 20,
          annealing_difference(epochs) +
              "The rate of experiment 5 is not known to us; 0.3 is that of "
              "experiment 4. An older copy of the code, by a third party, runs "
              "this one at rate 0.1 for 30 epochs.")};
  compare_with_print(context, findings, "printed-both", both);
  compare_with_print(context, findings, "printed-trained", trained);
  compare_with_print(context, findings, "printed-neither", neither);
  findings.blocks = {
      accuracy_chart(
          "Chance in training and in the test",
          "What a net is better by on training images is overfitting.", curves,
          {kBoth, kTrained, kNeither, on_training(kBoth),
           on_training(kNeither)},
          "validation or training"),
      report::Table{
          .title = "After the last epoch, %",
          .columns = {"units", "validation accuracy",
                      "training minus validation"},
          .rows = {{kBoth, mean_text(both), mean_text(gap(kBoth))},
                   {kEnsemble, mean_text(at_end(curves, kEnsemble)), ""},
                   {kTrained, mean_text(trained), ""},
                   {kNeither, mean_text(neither), mean_text(gap(kNeither))}}}};
  return findings;
}

const Registered<Experiment> entry{{
    .name = "r2rt-stochasticity",
    .title = "Stochastic and deterministic units",
    .summary =
        "Units can draw their state or take the more probable one, in training "
        "and in the test. The source tries three of the four combinations; an "
        "ensemble of stochastic passes is added.",
    .source = kR2rt2016,
    .claims =
        {{.id = "test",
          .sentence =
              "A net trained with stochastic units is about as accurate "
              "when they are rounded in the test.",
          .where = "experiment 5",
          .measured = "rounded minus stochastic test, validation accuracy in "
                      "points; within 0.5",
          .holds = {-0.5, 0.5}},
         {.id = "training",
          .sentence = "Training with stochastic units is more accurate than "
                      "training with deterministic ones.",
          .where = "experiment 5",
          .measured = "stochastic in both minus deterministic in both, "
                      "validation accuracy in points",
          .holds = {.from = 0}},
         {.id = "speed",
          .sentence = "Deterministic units train fastest.",
          .where = "experiment 5",
          .measured = "trained with deterministic minus with stochastic units "
                      "after the first epoch, both rounded in the test, "
                      "validation accuracy in points",
          .holds = {.from = 0}},
         {.id = "overfits",
          .sentence = "Deterministic units overfit more.",
          .where = "experiment 5",
          .measured = "training minus validation accuracy, deterministic minus "
                      "stochastic, in points",
          .holds = {.from = 0}},
         printed_claim("printed-both", "Stochastic in training and test",
                       "experiment 5", 97.76, 0.5),
         printed_claim("printed-trained", "Stochastic in training only",
                       "experiment 5", 97.70, 0.5),
         printed_claim("printed-neither", "Deterministic in both",
                       "experiment 5", 97.04, 0.5)},
    .cost = {.quick = 15, .normal = 80},
    .run = run,
}};

}  // namespace
}  // namespace signet

// Experiment 7: stochastic units as a regulariser, on few images.

#include <algorithm>

#include "signet/core/papers.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/neuron_arms.h"

namespace signet {
namespace {

constexpr const char* kSigmoid = "sigmoid units";
constexpr const char* kStochastic = "stochastic units";
constexpr const char* kEnsemble = "stochastic units, mean of 16 passes";

/// The same net on the images that it was trained on.
std::string on_training(const std::string& label) {
  return label + ", training images";
}

/// A net is read on new images and on those of its training.
std::vector<Reading> readings(const std::string& label, UnitPass units,
                              const Slope& slope, const Examples& seen) {
  return {{.label = label, .units = units, .slope = slope},
          {.label = on_training(label),
           .units = units,
           .slope = slope,
           .examples = seen}};
}

/// Test accuracies of every seed where both nets have learned their images
/// equally well: each after the first epoch whose training accuracy is one
/// that the other reaches too.
struct EqualFit {
  std::vector<double> sigmoid, stochastic;
};

EqualFit at_equal_fit(const Curves& curves) {
  EqualFit fit;
  for (size_t seed = 0; seed < curves.at(kSigmoid).size(); ++seed) {
    const auto seen = [&](const std::string& label) -> auto& {
      return curves.at(on_training(label))[seed];
    };
    const double level = std::min(
        *std::max_element(seen(kSigmoid).begin(), seen(kSigmoid).end()),
        *std::max_element(seen(kStochastic).begin(), seen(kStochastic).end()));
    const auto fresh = [&](const std::string& label) {
      const auto& accuracies = seen(label);
      const auto first = std::find_if(accuracies.begin(), accuracies.end(),
                                      [&](double a) { return a >= level; });
      return curves.at(
          label)[seed][static_cast<size_t>(first - accuracies.begin())];
    };
    fit.sigmoid.push_back(fresh(kSigmoid));
    fit.stochastic.push_back(fresh(kStochastic));
  }
  return fit;
}

Findings run(const ExperimentContext& context) {
  const auto all = r2rt_data(context);
  const R2rtData few{
      .train = all.validation, .validation = all.test, .test = all.test};
  const int64_t epochs = context.pick(12, 20);
  const auto slope = published_slope(epochs);
  auto stochastic = readings(kStochastic, UnitPass::sampled, slope, few.train);
  stochastic.push_back(
      {.label = kEnsemble, .slope = slope, .passes = 16, .only_at_end = true});
  const auto curves =
      run_arms(context,
               {{{.hidden = {200},
                  .estimator = kSigmoidUnits,
                  .rate = 1,
                  .epochs = epochs},
                 readings(kSigmoid, UnitPass::means, {}, few.train)},
                {{.hidden = {200}, .rate = 0.3, .epochs = epochs}, stochastic}},
               few);
  const auto real = at_end(curves, kSigmoid),
             binary = at_end(curves, kStochastic);
  const auto real_seen = at_end(curves, on_training(kSigmoid)),
             binary_seen = at_end(curves, on_training(kStochastic));
  const auto gap = [](std::vector<double> seen,
                      const std::vector<double>& fresh) {
    for (size_t i = 0; i < seen.size(); ++i) seen[i] -= fresh[i];
    return seen;
  };
  const auto equal = at_equal_fit(curves);
  Findings findings{
      .settings = neuron_settings(
          context, epochs,
          {{"network", "784-200-10"},
           {"training images", "the 5000 that are otherwise for validation"},
           {"sigmoid units", "rate 1.0"},
           {"stochastic units",
            "slope-annealed straight-through as published, rate 0.3"},
           {"accuracy",
            "on the test images, of one stochastic pass; sigmoid units have no "
            "chance in them"}}),
      .measured = {{"better", paired_difference(binary, real)},
                   {"equal-fit",
                    paired_difference(equal.stochastic, equal.sigmoid)}},
      .differs = neuron_differences(context, epochs, 20,
                                    annealing_difference(epochs) +
                                        "The source's rates are not known to "
                                        "us, nor on which images accuracy is "
                                        "measured.")};
  compare_with_print(context, findings, "printed-sigmoid", real);
  compare_with_print(context, findings, "printed-stochastic", binary);
  findings.blocks = {
      accuracy_chart("Trained on 5000 images",
                     "The distance between the curves of training images and "
                     "those of test images is overfitting.",
                     curves,
                     {kSigmoid, kStochastic, on_training(kSigmoid),
                      on_training(kStochastic)},
                     "test or training"),
      report::Table{
          .title = "After the last epoch, %",
          .columns = {"", "test accuracy", "training minus test",
                      "test accuracy at equal fit"},
          .rows = {{kSigmoid, mean_text(real), mean_text(gap(real_seen, real)),
                    mean_text(equal.sigmoid)},
                   {kStochastic, mean_text(binary),
                    mean_text(gap(binary_seen, binary)),
                    mean_text(equal.stochastic)},
                   {kEnsemble, mean_text(at_end(curves, kEnsemble)), "", ""}}}};
  return findings;
}

const Registered<Experiment> entry{{
    .name = "r2rt-regularizer",
    .title = "Stochastic units as a regulariser",
    .summary =
        "A net of twice the width is trained on 5000 images, few enough to be "
        "learned by heart. The chance in stochastic units is noise, which "
        "should regularise.",
    .source = kR2rt2016,
    .claims =
        {{.id = "better",
          .sentence = "On a small training set stochastic units generalise "
                      "better than sigmoids.",
          .where = "experiment 7",
          .measured = "stochastic minus sigmoid, test accuracy in points",
          .holds = {.from = 0}},
         {.id = "equal-fit",
          .sentence =
              "So they do where both have learned their images equally well.",
          .where = "ours, on experiment 7",
          .measured = "stochastic minus sigmoid, test accuracy in points, each "
                      "after the first epoch with the greatest training "
                      "accuracy that both reach",
          .holds = {.from = 0}},
         printed_claim("printed-sigmoid",
                       "The sigmoid net, trained on 5000 "
                       "images,",
                       "experiment 7", 92.76, 1),
         printed_claim("printed-stochastic",
                       "The stochastic net, trained on "
                       "5000 images,",
                       "experiment 7", 94.10, 1)},
    .cost = {.quick = 60, .normal = 170},
    .run = run,
}};

}  // namespace
}  // namespace signet

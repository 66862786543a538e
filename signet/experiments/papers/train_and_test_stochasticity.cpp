// Units drawn or deterministic in training, and one, several or no draws in
// testing.

#include "signet/core/papers.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/image_training.h"

namespace signet {
namespace {

/// Samples of an ensemble; 0: the mode network.
const std::vector<int64_t> kSamples{0, 1, 2, 5, 10, 20, 50};

/// One way to train, over the seeds.
struct Arm {
  std::string label, estimator;
  std::vector<std::vector<ImageEpoch>> epochs = {};
  std::vector<std::vector<double>> accuracy = {};  ///< by seed and kSamples
  std::vector<std::vector<double>> loss = {};      ///< nats, on the test images

  std::vector<double> of(int64_t samples,
                         std::vector<std::vector<double>> Arm::*rows) const {
    size_t i = 0;
    while (kSamples[i] != samples) ++i;
    std::vector<double> values;
    for (const auto& row : this->*rows) values.push_back(row[i]);
    return values;
  }
};

Recipe recipe_of(const ExperimentContext& context, const Images& images,
                 const Arm& arm, int64_t seed) {
  auto recipe = image_recipe(images, seed);
  const std::string hidden =
      "linear(outputs=" + std::to_string(context.pick(200, 500)) +
      ", weights=real)";
  recipe.network.layers = {hidden,
                           "batch-norm",
                           "units(noise=logistic)",
                           hidden,
                           "batch-norm",
                           "units(noise=logistic)",
                           "linear(outputs=10, weights=real, bias=true)"};
  recipe.train.epochs = context.pick<int64_t>(12, 40);
  recipe.train.batch = 50;
  recipe.train.estimator = arm.estimator;
  recipe.optimizer.rate = 0.002;
  return recipe;
}

void run_seed(const ExperimentContext& context, const Images& images, Arm& arm,
              int64_t seed, const std::function<void(double)>& told) {
  const auto recipe = recipe_of(context, images, arm, seed);
  TrainingRun run(recipe, images.train);
  run.start();
  arm.epochs.push_back(
      train_on_images(run, images, 1, recipe.train.epochs, told));
  auto& accuracy = arm.accuracy.emplace_back();
  auto& loss = arm.loss.emplace_back();
  if (arm.epochs.back().back().diverged) {
    const auto guess = uniform_guess(images.classes());
    accuracy.assign(kSamples.size(), guess.test_accuracy);
    loss.assign(kSamples.size(), guess.loss);
    return;
  }
  for (const auto& result : evaluate(run.network(), images.test, kSamples,
                                     context.random(seed).branch(1))) {
    accuracy.push_back(100 * result.accuracy());
    loss.push_back(result.loss);
  }
}

report::LineChart ensemble_chart(const std::vector<Arm>& arms,
                                 const std::string& title,
                                 const std::string& y_label,
                                 std::vector<std::vector<double>> Arm::*rows) {
  report::LineChart chart{.title = title,
                          .x_label = "samples of the ensemble",
                          .y_label = y_label,
                          .log_x = true,
                          .note = "Dashed: the mode network, without chance."};
  const std::vector<double> x(kSamples.begin() + 1, kSamples.end());
  for (const auto& arm : arms) {
    std::vector<std::vector<double>> ensembles, mode;
    for (const auto& row : arm.*rows) {
      ensembles.emplace_back(row.begin() + 1, row.end());
      mode.emplace_back(x.size(), row[0]);
    }
    chart.series.push_back(curve_over_seeds(arm.label, x, ensembles));
    auto line = curve_over_seeds(arm.label + ", mode", x, mode);
    line.dashed = true;
    line.of = arm.label;
    line.low.clear();
    line.high.clear();
    chart.series.push_back(std::move(line));
  }
  return chart;
}

Findings run(const ExperimentContext& context) {
  const auto images = load_images(context.images, context.pick(10000, 0), 0);
  std::vector<Arm> arms{{"units drawn in training", "st"},
                        {"deterministic in training", "st-deterministic"}};
  const double runs = static_cast<double>(context.seeds) * 2;
  double done = 0;
  for (int64_t seed = 0; seed < context.seeds; ++seed)
    for (auto& arm : arms) {
      run_seed(context, images, arm, seed,
               [&](double share) { context.done((done + share) / runs); });
      ++done;
    }
  const auto& drawn = arms[0];
  const auto& fixed = arms[1];
  const auto accuracy = &Arm::accuracy;
  report::LineChart training{.title = "Training loss",
                             .x_label = "epoch",
                             .y_label = "mean cross-entropy, nats",
                             .log_y = true};
  report::Table table{.title = "Test accuracy, %",
                      .columns = {"samples", arms[0].label, arms[1].label}};
  for (const auto& arm : arms)
    training.series.push_back(curve_over_seeds(
        arm.label, epochs_up_to(static_cast<int64_t>(arm.epochs[0].size())),
        column(arm.epochs, &ImageEpoch::loss)));
  for (const auto samples : kSamples)
    table.rows.push_back({samples == 0 ? "none: mode" : std::to_string(samples),
                          mean_text(drawn.of(samples, accuracy)),
                          mean_text(fixed.of(samples, accuracy))});
  const auto recipe = recipe_of(context, images, arms[0], 0);
  return {
      .settings =
          {{"network",
            context.pick<std::string>("784-200-200-10", "784-500-500-10") +
                ", real weights, batch norm, units {-1, +1} under logistic "
                "noise"},
           {"images", std::to_string(images.train.size()) + " to train, " +
                          std::to_string(images.test.size()) + " to test"},
           {"training", std::to_string(recipe.train.epochs) +
                            " epochs of batches of 50, Adam, rate 0.002, "
                            "cosine"},
           {"runs that diverge", kDivergedCountAs}},
      .measured = {{"ensemble", paired_difference(drawn.of(10, accuracy),
                                                  drawn.of(0, accuracy))},
                   {"averaging", paired_difference(drawn.of(10, accuracy),
                                                   drawn.of(1, accuracy))},
                   {"mode", paired_difference(drawn.of(0, accuracy),
                                              fixed.of(0, accuracy))},
                   {"stochastic", paired_difference(drawn.of(10, accuracy),
                                                    fixed.of(0, accuracy))}},
      .differs =
          "The source's table is recalled, not read: as far as we know of a "
          "convolutional network with binary weights on CIFAR-10. This is a "
          "perceptron with real weights, on which orderings are compared. "
          "Trained deterministically, its units pass the derivative of their "
          "own mean under logistic noise back, not that of Htanh.",
      .blocks = {
          ensemble_chart(arms, "Test accuracy", "%", &Arm::accuracy),
          ensemble_chart(arms, "Test loss",
                         "mean negative log-likelihood, nats", &Arm::loss),
          training, table}};
}

const Registered<Experiment> entry{{
    .name = "train-and-test-stochasticity",
    .title = "Stochastic and deterministic, in training and in testing",
    .summary =
        "A network is trained with units that are drawn, or with the most "
        "probable ones, and tested as its mode or as an ensemble: the mean of "
        "the class probabilities over draws of all units.",
    .source = kShekhovtsovYanush2021,
    .claims =
        {{.id = "ensemble",
          .sentence = "An ensemble of ten samples is more accurate than the "
                      "deterministic network of the same weights.",
          .where = "table of accuracies, recalled",
          .measured = "difference of the test accuracies, points; units drawn "
                      "in training",
          .holds = {.from = 0}},
         {.id = "averaging",
          .sentence = "Ten samples are more accurate than one.",
          .where = "derived here",
          .measured = "difference of the test accuracies, points; units drawn "
                      "in training",
          .holds = {.from = 0}},
         {.id = "mode",
          .sentence = "Trained with drawn units, the network can be used "
                      "without chance: it is about as accurate as one that "
                      "was trained so.",
          .where = "table of accuracies, recalled; the margin of 0.5 is ours",
          .measured = "accuracy of its mode less that of the network trained "
                      "deterministically, points",
          .holds = {.from = -0.5}},
         {.id = "stochastic",
          .sentence = "Trained and tested with drawn units it is the better "
                      "one of both.",
          .where = "table of accuracies, recalled",
          .measured = "accuracy of its ensemble of ten less that of the "
                      "network trained and tested deterministically, points",
          .holds = {.from = 0}}},
    .cost = {.quick = 43, .normal = 2500},
    .run = run,
}};

}  // namespace
}  // namespace signet

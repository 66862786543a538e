// From a good minimum, a training goes on at a tiny rate: with the estimator
// that found it, and with the identity.

#include <cmath>

#include "signet/core/torch.h"
#include "signet/experiments/checkpoint.h"
#include "signet/experiments/diverged.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/measurement_text.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/image_training.h"
#include "signet/experiments/papers/low_bit_nets.h"
#include "signet/models/yin2019.h"

namespace signet {
namespace {

constexpr int64_t kBits = 4;
constexpr double kTiny = 1e-5;  ///< the source's rate
const std::vector<double> kRates{kTiny, 1e-3};
const std::vector<std::string> kEstimators{"identity", "clipped-relu"};

/// The network at rest.
ImageEpoch seen(TrainingRun& run, const Images& images) {
  const ImageEpoch epoch{
      .loss = run.test(run.parts().train).loss,
      .test_accuracy = 100 * run.test(images.test).accuracy()};
  if (!std::isfinite(epoch.loss)) throw Diverged("the loss is not finite");
  return epoch;
}

/// One continuation, over the seeds.
struct Arm {
  std::string estimator;
  double rate;
  /// By seed: before the first epoch, and after each.
  std::vector<std::vector<ImageEpoch>> traces = {};

  std::string label() const { return estimator + ", " + short_number(rate); }
  /// At the end less at the start.
  std::vector<double> change(double ImageEpoch::*value) const {
    std::vector<double> all;
    for (const auto& row : column(traces, value))
      all.push_back(row.back() - row.front());
    return all;
  }
};

Recipe recipe_of(const Images& images, const LowBitNet& net,
                 const std::string& backward, int64_t seed) {
  auto recipe = image_recipe(images, seed);
  recipe.network.layers = net.layers(quantized(kBits, backward));
  recipe.optimizer.others = "gradient(direction=momentum, beta1=0.9)";
  return recipe;
}

report::LineChart chart_of(const std::vector<Arm>& arms, double rate,
                           const std::string& what, const std::string& y_label,
                           double ImageEpoch::*value) {
  report::LineChart chart{.title = what + ", rate " + short_number(rate),
                          .x_label = "epochs after the minimum",
                          .y_label = y_label};
  for (const auto& arm : arms) {
    if (arm.rate != rate) continue;
    const auto rows = column(arm.traces, value);
    std::vector<double> x{0};
    for (const double epoch :
         epochs_up_to(static_cast<int64_t>(rows[0].size()) - 1))
      x.push_back(epoch);
    chart.series.push_back(curve_over_seeds(arm.estimator, x, rows));
  }
  return chart;
}

Findings run(const ExperimentContext& context) {
  const bool deep =
      context.scale == Scale::full && context.images.name == "cifar-10";
  const auto& net = deep ? resnet20() : lenet5();
  const auto images =
      load_images(context.images, context.pick(6000, 0), context.pick(5000, 0));
  const int64_t epochs = context.pick<int64_t>(12, 20);
  const int64_t more = context.pick<int64_t>(5, 20);
  std::vector<Arm> arms;
  for (const double rate : kRates)
    for (const auto& estimator : kEstimators) arms.push_back({estimator, rate});
  const double work =
      static_cast<double>(epochs) +
      static_cast<double>(more) * static_cast<double>(arms.size());
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    double done = 0;
    const auto tell = [&](double in_epochs) {
      context.done((static_cast<double>(seed) + (done + in_epochs) / work) /
                   static_cast<double>(context.seeds));
    };
    auto first = recipe_of(images, net, "clipped-relu", seed);
    first.train.epochs = epochs;
    first.optimizer.rate = 0.01;
    TrainingRun found(first, images.train);
    found.start();
    const auto before = train_on_images(
        found, images, 1, epochs,
        [&](double share) { tell(share * static_cast<double>(epochs)); });
    if (before.back().diverged)
      throw Diverged("the training of seed " + std::to_string(seed) +
                     " that is to find a minimum diverged");
    done += static_cast<double>(epochs);
    for (auto& arm : arms) {
      auto recipe = recipe_of(images, net, arm.estimator, seed);
      recipe.train.epochs = more;
      recipe.optimizer.rate = arm.rate;
      recipe.optimizer.schedule = "constant";
      TrainingRun run(recipe, images.train);
      run.start();
      load_network_state(run.network(), network_state(found.network()));
      auto& trace = arm.traces.emplace_back();
      try {
        trace.push_back(seen(run, images));
        for (int64_t epoch = 1; epoch <= more; ++epoch) {
          run.train_epoch(epoch);
          trace.push_back(seen(run, images));
          tell(static_cast<double>(epoch));
        }
      } catch (const Diverged&) {
        trace.resize(static_cast<size_t>(more) + 1,
                     uniform_guess(images.classes()));
      }
      done += static_cast<double>(more);
    }
  }
  report::Table table{
      .title = "From the minimum to the end",
      .columns = {"estimator, rate", "change of training loss",
                  "change of test accuracy, points", "diverged"}};
  for (const auto& arm : arms)
    table.rows.push_back({arm.label(),
                          mean_text(arm.change(&ImageEpoch::loss), 5),
                          mean_text(arm.change(&ImageEpoch::test_accuracy), 3),
                          diverged_text(arm.traces)});
  std::vector<report::Block> blocks;
  for (const double rate : kRates) {
    auto loss =
        chart_of(arms, rate, "Training loss", "nats", &ImageEpoch::loss);
    if (rate == kTiny)
      loss.note =
          "Both see the same batches: what the curves share is not the "
          "estimator's doing.";
    blocks.push_back(std::move(loss));
    blocks.push_back(
        chart_of(arms, rate, "Test accuracy", "%", &ImageEpoch::test_accuracy));
  }
  blocks.push_back(table);
  const auto &identity = arms[0], &clipped = arms[1];
  return {.settings =
              {{"network", net.name + ", real weights, activations of 4 bits"},
               {"images", std::to_string(images.train.size()) + " to train, " +
                              std::to_string(images.test.size()) + " to test"},
               {"minimum", std::to_string(epochs) +
                               " epochs through clipped ReLU, batches of 100, "
                               "momentum 0.9, rate 0.01, cosine"},
               {"after it", std::to_string(more) +
                                " epochs at rates 1e-5 and 1e-3, constant"},
               {"loss", "of all training images, the network at rest"},
               {"runs that diverge", kDivergedCountAs}},
          .measured =
              {{"rises", mean_over_seeds(identity.change(&ImageEpoch::loss))},
               {"stays", mean_over_seeds(clipped.change(&ImageEpoch::loss))},
               {"worse", paired_difference(identity.change(&ImageEpoch::loss),
                                           clipped.change(&ImageEpoch::loss))},
               {"accuracy",
                paired_difference(identity.change(&ImageEpoch::test_accuracy),
                                  clipped.change(&ImageEpoch::test_accuracy))}},
          .differs =
              "The source continues from a ResNet-20 on CIFAR-10, which "
              "runs here with --full and CIFAR-10 only; " +
              (deep ? "its" : "here the net is a " + net.name + ". Its") +
              std::string(" minimum is that of " + std::to_string(epochs) +
                          " epochs, which need not be near one.") +
              (more == 20 ? ""
                          : " It is left for " + std::to_string(more) +
                                " epochs in place of 20."),
          .blocks = std::move(blocks)};
}

const Registered<Experiment> entry{{
    .name = "ste-instability",
    .title = "The identity leaves good minima",
    .summary =
        "At a minimum that clipped ReLU has found, the coarse gradient of the "
        "identity is not small. So a training that goes on with it, at "
        "however small a rate, climbs away.",
    .source = kYinLyu2019,
    .claims =
        {{.id = "rises",
          .sentence = "Continued with the identity at a rate of 1e-5, the "
                      "training loss rises.",
          .where = "experiment on instability with ResNet-20, 4 bits; recalled",
          .measured = "change of the training loss, nats",
          .holds = {.from = 0}},
         {.id = "stays",
          .sentence = "Continued with the estimator that found the minimum, it "
                      "does not.",
          .where = "experiment on instability with ResNet-20, 4 bits; recalled",
          .measured = "change of the training loss, nats",
          .holds = {.to = 0}},
         {.id = "worse",
          .sentence = "So the identity ends at the higher loss.",
          .where = "experiment on instability with ResNet-20, 4 bits; recalled",
          .measured = "difference of these changes, nats",
          .holds = {.from = 0}},
         {.id = "accuracy",
          .sentence = "With the identity, accuracy falls further than with "
                      "that estimator.",
          .where = "experiment on instability with ResNet-20, 4 bits; recalled",
          .measured = "difference of the changes of the test accuracy, points",
          .holds = {.to = 0}}},
    .cost = {.quick = 98, .normal = 4500, .full = 50000},
    .run = run,
}};

}  // namespace
}  // namespace signet

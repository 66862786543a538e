// Activations of 2 and 4 bits, trained through their steps by three
// estimators, from a net with real activations.

#include <algorithm>

#include "signet/core/torch.h"
#include "signet/experiments/checkpoint.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/image_training.h"
#include "signet/experiments/papers/low_bit_nets.h"
#include "signet/models/yin2019.h"

namespace signet {
namespace {

const std::vector<std::string> kEstimators{"identity", "relu", "clipped-relu"};
const std::vector<int64_t> kBits{2, 4};

/// One network with activations of so many bits, by estimator.
struct Arm {
  const LowBitNet* net;
  int64_t bits;
  std::vector<std::vector<std::vector<ImageEpoch>>> runs =
      std::vector<std::vector<std::vector<ImageEpoch>>>(kEstimators.size());

  std::string title() const {
    return net->name + ", " + std::to_string(bits) + " bits";
  }
  std::vector<double> last(const std::string& estimator,
                           double ImageEpoch::*value) const {
    size_t i = 0;
    while (kEstimators[i] != estimator) ++i;
    return last_of(runs[i], value);
  }
};

struct Plan {
  int64_t real_epochs, epochs, seeds;
};

Recipe recipe_of(const Images& images, const std::vector<std::string>& layers,
                 int64_t epochs, int64_t seed) {
  auto recipe = image_recipe(images, seed);
  recipe.network.layers = layers;
  recipe.train.epochs = epochs;
  recipe.optimizer.rate = 0.01;
  recipe.optimizer.others = "gradient(direction=momentum, beta1=0.9)";
  return recipe;
}

/// All arms of one network and seed start from the same real-valued one.
void run_seed(const Images& images, const Plan& plan, int64_t seed,
              std::vector<Arm*> arms, const std::function<void(double)>& told) {
  const auto& net = *arms[0]->net;
  const auto count = static_cast<double>(arms.size() * kEstimators.size() + 1);
  double done = 0;
  const auto tell = [&](double share) { told((done + share) / count); };
  TrainingRun real(
      recipe_of(images, net.layers("relu"), plan.real_epochs, seed),
      images.train);
  real.start();
  train_on_images(real, images, 1, plan.real_epochs, tell);
  ++done;
  for (auto* arm : arms)
    for (size_t i = 0; i < kEstimators.size(); ++i, ++done) {
      const auto layers = net.layers(quantized(arm->bits, kEstimators[i]));
      TrainingRun run(recipe_of(images, layers, plan.epochs, seed),
                      images.train);
      run.start();
      load_network_state(run.network(), network_state(real.network()));
      arm->runs[i].push_back(
          train_on_images(run, images, 1, plan.epochs, tell));
    }
}

report::LineChart chart_of(const Arm& arm, const std::string& what,
                           const std::string& y_label, bool log_y,
                           double ImageEpoch::*value) {
  report::LineChart chart{.title = what + ", " + arm.title(),
                          .x_label = "epoch",
                          .y_label = y_label,
                          .log_y = log_y};
  for (size_t i = 0; i < kEstimators.size(); ++i) {
    const auto rows = column(arm.runs[i], value);
    chart.series.push_back(curve_over_seeds(
        kEstimators[i], epochs_up_to(static_cast<int64_t>(rows[0].size())),
        rows));
  }
  return chart;
}

std::vector<report::Block> blocks(const std::vector<Arm>& arms) {
  std::vector<report::Block> result;
  report::Table table{.title = "At the end",
                      .columns = {"network", "estimator", "training loss",
                                  "test accuracy %", "diverged"}};
  for (const auto& arm : arms) {
    result.push_back(chart_of(arm, "Training loss", "mean cross-entropy, nats",
                              true, &ImageEpoch::loss));
    result.push_back(
        chart_of(arm, "Test accuracy", "%", false, &ImageEpoch::test_accuracy));
    for (size_t i = 0; i < kEstimators.size(); ++i)
      table.rows.push_back(
          {arm.title(), kEstimators[i],
           mean_text(last_of(arm.runs[i], &ImageEpoch::loss), 4),
           mean_text(last_of(arm.runs[i], &ImageEpoch::test_accuracy)),
           diverged_text(arm.runs[i])});
  }
  result.push_back(table);
  return result;
}

std::map<std::string, Statistic> statistics(const ExperimentContext& context,
                                            const std::vector<Arm>& arms) {
  const auto loss = &ImageEpoch::loss;
  const auto accuracy = &ImageEpoch::test_accuracy;
  const auto &two = arms[0], &four = arms[1];
  std::map<std::string, Statistic> found{
      {"loss-2", paired_difference(two.last("identity", loss),
                                   two.last("clipped-relu", loss))},
      {"loss-4", paired_difference(four.last("identity", loss),
                                   four.last("clipped-relu", loss))},
      {"accuracy-2", paired_difference(two.last("clipped-relu", accuracy),
                                       two.last("identity", accuracy))},
      {"accuracy-4", paired_difference(four.last("clipped-relu", accuracy),
                                       four.last("identity", accuracy))},
      {"rectifiers", paired_difference(two.last("clipped-relu", accuracy),
                                       two.last("relu", accuracy))}};
  if (context.images.name == "mnist" && !context.quick()) {
    found["mnist-clipped-2"] =
        mean_over_seeds(two.last("clipped-relu", accuracy));
    found["mnist-identity-2"] = mean_over_seeds(two.last("identity", accuracy));
  }
  for (const auto& arm : arms)
    if (arm.bits == 2 && arm.net != &lenet5())
      found[arm.net == &vgg11() ? "vgg-2" : "resnet-2"] = paired_difference(
          arm.last("clipped-relu", accuracy), arm.last("relu", accuracy));
  return found;
}

Findings run(const ExperimentContext& context) {
  const auto images =
      load_images(context.images, context.pick(8000, 0), context.pick(5000, 0));
  std::vector<const LowBitNet*> nets{&lenet5()};
  const bool deep =
      context.scale == Scale::full && context.images.name == "cifar-10";
  if (deep) nets.insert(nets.end(), {&vgg11(), &resnet20()});
  std::vector<Arm> arms;
  for (const auto* net : nets)
    for (const int64_t bits : kBits) arms.push_back({net, bits});
  const double total = static_cast<double>(nets.size());
  for (size_t n = 0; n < nets.size(); ++n) {
    const bool lenet = nets[n] == &lenet5();
    const Plan plan{
        .real_epochs = context.pick<int64_t>(4, 10),
        .epochs = lenet ? context.pick<int64_t>(6, 20) : 10,
        .seeds = lenet ? context.seeds : std::min<int64_t>(context.seeds, 2)};
    for (int64_t seed = 0; seed < plan.seeds; ++seed)
      run_seed(images, plan, seed, {&arms[2 * n], &arms[2 * n + 1]},
               [&](double share) {
                 context.done((static_cast<double>(n) +
                               (static_cast<double>(seed) + share) /
                                   static_cast<double>(plan.seeds)) /
                              total);
               });
  }
  return {
      .settings =
          {{"network",
            "LeNet-5 as in recipes/lenet5.toml, real weights, "
            "activations of 2 and 4 bits of fixed resolution"},
           {"images", std::to_string(images.train.size()) + " to train, " +
                          std::to_string(images.test.size()) + " to test"},
           {"training",
            "from a net with real ReLUs of " +
                std::to_string(context.pick(4, 10)) + " epochs; then " +
                std::to_string(context.pick(6, 20)) +
                " epochs of batches of 100, momentum 0.9, rate 0.01, cosine"},
           {"runs that diverge", kDivergedCountAs}},
      .measured = statistics(context, arms),
      .differs =
          "The source trains LeNet-5 for 50 epochs on MNIST, and VGG-11 and "
          "ResNet-20 for 200 on CIFAR-10. Those two run with --full and "
          "CIFAR-10 only, for 10 epochs and at most 2 seeds. All that is "
          "claimed of the table was recalled, not read in the source.",
      .blocks = blocks(arms)};
}

const Registered<Experiment> entry{{
    .name = "low-bit-lenet",
    .title = "Networks with activations of few bits",
    .summary =
        "The steps of a low-bit activation have no gradient. Three others "
        "stand in for it: that of the identity, of a ReLU, and of a ReLU that "
        "is clipped where the levels end.",
    .source = kYinLyu2019,
    .claims =
        {{.id = "loss-2",
          .sentence = "With 2 bits, clipped ReLU reaches a lower training loss "
                      "than the identity.",
          .where = "table of accuracies, LeNet-5; recalled",
          .measured = "difference of the training losses, nats",
          .holds = {.from = 0}},
         {.id = "loss-4",
          .sentence = "So it does with 4 bits.",
          .where = "table of accuracies, LeNet-5; recalled",
          .measured = "difference of the training losses, nats",
          .holds = {.from = 0}},
         {.id = "accuracy-2",
          .sentence = "With 2 bits, clipped ReLU is the more accurate one.",
          .where = "table of accuracies, LeNet-5; recalled",
          .measured = "difference of the test accuracies, points",
          .holds = {.from = 0}},
         {.id = "accuracy-4",
          .sentence = "So it is with 4 bits.",
          .where = "table of accuracies, LeNet-5; recalled",
          .measured = "difference of the test accuracies, points",
          .holds = {.from = 0}},
         {.id = "rectifiers",
          .sentence = "In this small network ReLU and clipped ReLU do equally "
                      "well with 2 bits.",
          .where = "table of accuracies, LeNet-5; recalled",
          .measured = "difference of the test accuracies, points; the margin "
                      "of half a point is ours",
          .holds = {.from = -0.5, .to = 0.5}},
         {.id = "mnist-clipped-2",
          .sentence = "LeNet-5 with 2 bits and clipped ReLU has 99.23 %.",
          .where = "table of accuracies, recalled",
          .measured = "test accuracy, %; the margin of 0.3 points is ours",
          .holds = {.from = 98.93, .to = 99.53},
          .data = "mnist",
          .least = Scale::normal},
         {.id = "mnist-identity-2",
          .sentence = "LeNet-5 with 2 bits and the identity has 98.49 %.",
          .where = "table of accuracies, recalled",
          .measured = "test accuracy, %; the margin of 0.3 points is ours",
          .holds = {.from = 98.19, .to = 98.79},
          .data = "mnist",
          .least = Scale::normal},
         {.id = "vgg-2",
          .sentence = "In VGG-11 with 2 bits, clipped ReLU is better than "
                      "ReLU.",
          .where = "table of accuracies, VGG-11; recalled",
          .measured = "difference of the test accuracies, points; with --full",
          .holds = {.from = 0},
          .data = "cifar-10",
          .least = Scale::full},
         {.id = "resnet-2",
          .sentence = "In ResNet-20 with 2 bits, clipped ReLU is far better "
                      "than ReLU.",
          .where = "table of accuracies, ResNet-20; recalled",
          .measured = "difference of the test accuracies, points; that "
                      "10 are far is ours; with --full",
          .holds = {.from = 10},
          .data = "cifar-10",
          .least = Scale::full}},
    .cost = {.quick = 120, .normal = 3600, .full = 90000},
    .run = run,
}};

}  // namespace
}  // namespace signet

// Binary weights behind latent ones: mirror descent, descent through the
// proxy, and clipping, side by side on images.

#include <algorithm>
#include <cmath>

#include "signet/core/papers.h"
#include "signet/core/torch.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/measurement_text.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/image_training.h"

namespace signet {
namespace {

const std::vector<double> kRates{0.3, 1, 3, 10};

using Runs = std::vector<std::vector<ImageEpoch>>;

/// A step of the latent weights, over rates and seeds.
struct Rule {
  std::string label, spelling;
  std::vector<Runs> runs = std::vector<Runs>(kRates.size());

  /// The rate that ends with the least training loss, mean over seeds.
  size_t best() const {
    size_t best = 0;
    const auto loss = [&](size_t r) {
      double sum = 0;
      for (const double value : last_of(runs[r], &ImageEpoch::loss))
        sum += value;
      return sum;
    };
    for (size_t r = 1; r < kRates.size(); ++r)
      if (loss(r) < loss(best)) best = r;
    return best;
  }
  const Runs& best_runs() const { return runs[best()]; }
};

Recipe recipe_of(const ExperimentContext& context, const Images& images,
                 const std::string& rule, double rate, int64_t seed) {
  auto recipe = image_recipe(images, seed);
  const std::string hidden =
      "linear(outputs=" + std::to_string(context.pick(200, 500)) + ")";
  recipe.network.layers = {hidden,
                           "batch-norm(affine=false)",
                           "units(noise=logistic)",
                           hidden,
                           "batch-norm(affine=false)",
                           "units(noise=logistic)",
                           "linear(outputs=10)",
                           "batch-norm"};
  recipe.train.epochs = context.pick<int64_t>(10, 15);
  recipe.optimizer.weights = rule;
  recipe.optimizer.others = "gradient(direction=momentum)";
  recipe.optimizer.rate = rate;
  return recipe;
}

/// The signs of all binary weights in one row.
Tensor signs_of(const Network& network) {
  std::vector<Tensor> parts;
  for (const auto& item : network.named_parameters())
    if (item.key().ends_with(".latent"))
      parts.push_back((item.value().detach() >= 0).flatten());
  return torch::cat(parts);
}

/// The share of the weights that have the same sign after an epoch of clipping
/// and one of mirror descent with the Euclidean divergence.
double agreement(const ExperimentContext& context, const Images& images,
                 int64_t seed) {
  std::vector<Tensor> signs;
  for (const std::string rule :
       {"binaryconnect(clip=1, direction=sgd)",
        "mirror-descent(divergence=euclidean, direction=sgd)"}) {
    TrainingRun run(recipe_of(context, images, rule, 3, seed), images.train);
    run.start();
    run.train_epoch(1);
    signs.push_back(signs_of(run.network()));
  }
  return (signs[0] == signs[1]).to(torch::kDouble).mean().item<double>();
}

report::LineChart epoch_chart(const std::vector<Rule>& rules,
                              const std::string& title,
                              const std::string& y_label,
                              double ImageEpoch::*value) {
  report::LineChart chart{
      .title = title, .x_label = "epoch", .y_label = y_label};
  for (const auto& rule : rules) {
    const auto rows = column(rule.best_runs(), value);
    chart.series.push_back(curve_over_seeds(
        rule.label, epochs_up_to(static_cast<int64_t>(rows[0].size())), rows));
  }
  return chart;
}

report::LineChart rate_chart(const std::vector<Rule>& rules) {
  report::LineChart chart{.title = "Test accuracy at the end, by rate",
                          .x_label = "learning rate",
                          .y_label = "%",
                          .log_x = true};
  for (const auto& rule : rules) {
    Runs ends(rule.runs[0].size());
    for (const auto& runs : rule.runs)
      for (size_t s = 0; s < runs.size(); ++s)
        ends[s].push_back(runs[s].back());
    chart.series.push_back(curve_over_seeds(
        rule.label, kRates, column(ends, &ImageEpoch::test_accuracy)));
  }
  return chart;
}

report::Table table_of(const std::vector<Rule>& rules) {
  report::Table table{.title = "At the best rate",
                      .columns = {"rule", "rate", "test accuracy %",
                                  "training loss", "flips a step, last epoch"}};
  for (const auto& rule : rules) {
    const auto flips = last_of(rule.best_runs(), &ImageEpoch::flips);
    double mean = 0;
    for (const double f : flips) mean += f / static_cast<double>(flips.size());
    table.rows.push_back(
        {rule.label, short_number(kRates[rule.best()]),
         mean_text(last_of(rule.best_runs(), &ImageEpoch::test_accuracy)),
         mean_text(last_of(rule.best_runs(), &ImageEpoch::loss), 3),
         short_number(mean)});
  }
  return table;
}

/// log10 of the share of the weights that flip in a step of the last epoch, at
/// the best rate.
std::vector<double> log_flips(const Rule& rule) {
  auto flips = last_of(rule.best_runs(), &ImageEpoch::flips);
  for (double& f : flips) f = std::log10(std::max(f, 1e-9));
  return flips;
}

Findings run(const ExperimentContext& context) {
  const auto images =
      load_images(context.images, context.pick(6000, 0), context.pick(5000, 0));
  std::vector<Rule> rules{
      {"mirror descent (KL)",
       "mirror-descent(divergence=kl, direction=momentum)"},
      {"through the proxy",
       "mirror-descent(divergence=kl, gradient=proxy, direction=momentum)"},
      {"clipping", "binaryconnect(clip=1, direction=momentum)"}};
  const double total = static_cast<double>(context.seeds) *
                       static_cast<double>(rules.size() * kRates.size());
  double done = 0, least_agreement = 1;
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    least_agreement =
        std::min(least_agreement, agreement(context, images, seed));
    for (auto& rule : rules)
      for (size_t r = 0; r < kRates.size(); ++r) {
        const auto recipe =
            recipe_of(context, images, rule.spelling, kRates[r], seed);
        TrainingRun run(recipe, images.train);
        run.start();
        rule.runs[r].push_back(train_on_images(
            run, images, 1, recipe.train.epochs,
            [&](double share) { context.done((done + share) / total); }));
        ++done;
      }
  }
  const auto accuracy = [&](size_t i) {
    return last_of(rules[i].best_runs(), &ImageEpoch::test_accuracy);
  };
  auto flips = epoch_chart(rules, "Weights that change their sign in a step",
                           "share", &ImageEpoch::flips);
  flips.log_y = true;
  auto curves =
      epoch_chart(rules, "Test accuracy", "%", &ImageEpoch::test_accuracy);
  curves.note = "Each rule at the rate with its least training loss.";
  const auto recipe = recipe_of(context, images, "", 1, 0);
  return {
      .settings =
          {{"network",
            context.pick<std::string>("784-200-200-10", "784-500-500-10") +
                ", binary weights, batch norm, units {-1, +1} under logistic "
                "noise, trained by st"},
           {"images", std::to_string(images.train.size()) + " to train, " +
                          std::to_string(images.test.size()) + " to test"},
           {"training",
            std::to_string(recipe.train.epochs) +
                " epochs of batches of 100, momentum 0.9, cosine; rates 0.3, "
                "1, 3 and 10, of which the one with the least training loss"}},
      .measured = {{"euclidean", computed(least_agreement)},
                   {"identity", paired_difference(accuracy(0), accuracy(1))},
                   {"no-clipping", paired_difference(accuracy(0), accuracy(2))},
                   {"freezes", paired_difference(log_flips(rules[1]),
                                                 log_flips(rules[0]))}},
      .differs =
          "The source trains a convolutional network on CIFAR-10; this "
          "is a perceptron, on which the orderings are compared.",
      .blocks = {curves,
                 epoch_chart(rules, "Training loss", "mean cross-entropy, nats",
                             &ImageEpoch::loss),
                 flips, rate_chart(rules), table_of(rules)}};
}

const Registered<Experiment> entry{{
    .name = "latent-weights",
    .title = "Latent weights as mirror descent",
    .summary =
        "Behind each binary weight stands a latent one that collects "
        "gradients. Read as mirror descent over the probability that the "
        "weight is +1, the gradient goes to it as it is, without a clip; "
        "descent through the proxy multiplies by its derivative, and clipping "
        "is mirror descent by another divergence.",
    .source = kShekhovtsovYanush2021,
    .claims =
        {{.id = "euclidean",
          .sentence = "Latent weights that are clipped to [-1, 1] are mirror "
                      "descent with the Euclidean divergence.",
          .where = "section on latent weights",
          .measured = "share of the weights with the same sign after an epoch "
                      "of both",
          .holds = {.from = 1}},
         {.id = "identity",
          .sentence = "Identity straight-through on latent weights, the mirror "
                      "step, trains at least as well as descent through the "
                      "proxy.",
          .where = "section on latent weights",
          .measured = "difference of the test accuracies, points",
          .holds = {.from = 0}},
         {.id = "no-clipping",
          .sentence = "It needs no clipping to be as accurate.",
          .where = "section on latent weights",
          .measured = "its test accuracy less that with clipping, points",
          .holds = {.from = -0.5}},
         {.id = "freezes",
          .sentence = "Through the proxy, weights that are sure of their sign "
                      "hardly move: fewer flip.",
          .where = "section on latent weights",
          .measured = "log10 of the ratio of the shares that flip in a step of "
                      "the last epoch, each rule at its best rate",
          .holds = {.to = 0}}},
    .cost = {.quick = 75, .normal = 3600},
    .run = run,
}};

}  // namespace
}  // namespace signet

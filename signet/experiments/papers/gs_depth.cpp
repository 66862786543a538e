// Gumbel-Softmax against straight-through in networks of 1 to 7 layers: how
// good the gradient is, and what it trains.

#include <algorithm>
#include <cmath>

#include "signet/core/papers.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/network_training.h"
#include "signet/experiments/papers/sbn_problem.h"
#include "signet/measure/measurement.h"

namespace signet {
namespace {

constexpr int kDeepest = 7;
/// The first is the one that the others are compared with.
const std::vector<std::string> kEstimators = {"st", "gumbel(temperature=1)",
                                              "gumbel(temperature=0.5)",
                                              "gumbel(temperature=0.1)"};
constexpr size_t kCold = 3;
constexpr int64_t kMeanOf = 100;

/// Relative to the exact gradient of the first layer.
/// [estimator][seed][depth - 1]
struct Accuracy {
  using Rows = std::vector<std::vector<std::vector<double>>>;
  Rows bias = Rows(kEstimators.size()), deviation = bias, rmse = bias;
};

/// Means over so many networks of each depth and seed.
Accuracy measure_depths(const ExperimentContext& context, int64_t samples,
                        int networks) {
  Accuracy result;
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    for (size_t i = 0; i < kEstimators.size(); ++i)
      for (auto* rows : {&result.bias, &result.deviation, &result.rmse})
        (*rows)[i].emplace_back();
    for (int depth = 1; depth <= kDeepest; ++depth) {
      for (size_t i = 0; i < kEstimators.size(); ++i)
        for (auto* rows : {&result.bias, &result.deviation, &result.rmse})
          (*rows)[i].back().push_back(0);
      for (int network = 0; network < networks; ++network) {
        const auto random = context.random(seed).branch(network);
        const auto problem =
            sbn_problem({.layers = std::vector<int64_t>(depth, 5),
                         .random = random.branch(depth)});
        const auto measured =
            measure(problem, reference_gradient(problem, {}), kEstimators,
                    {.samples = samples, .random = random});
        for (size_t i = 0; i < kEstimators.size(); ++i) {
          const auto& first = measured.estimators[i].groups.at(1);
          const auto add = [&](Accuracy::Rows& rows, double value) {
            rows[i].back().back() += value / networks;
          };
          add(result.bias, first.relative(first.bias));
          add(result.deviation, first.relative(std::sqrt(first.variance)));
          for (const auto& mean : first.means)
            if (mean.n == kMeanOf) add(result.rmse, mean.rmse);
        }
      }
      context.done(0.4 * (static_cast<double>(seed) + depth / 7.0) /
                   static_cast<double>(context.seeds));
    }
  }
  return result;
}

/// Of the network with binary units, after training. [estimator][seed][depth]
struct Trained {
  Accuracy::Rows train_loss = Accuracy::Rows(kEstimators.size()),
                 accuracy = train_loss;
};

Trained train_depths(const ExperimentContext& context,
                     const std::vector<double>& depths, int64_t width,
                     int64_t images, int64_t steps) {
  const auto train = scaled_images(context.images, Part::train, images);
  const auto test =
      scaled_images(context.images, Part::test, context.pick(2000, 10000));
  const auto seen = scaled_images(context.images, Part::train,
                                  std::min<int64_t>(images, 5000));
  Trained result;
  double done = 0;
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    for (size_t i = 0; i < kEstimators.size(); ++i) {
      auto& losses = result.train_loss[i].emplace_back();
      auto& accuracies = result.accuracy[i].emplace_back();
      for (const double depth : depths) {
        NetworkTraining training{.layers = {},
                                 .estimator = kEstimators[i],
                                 .rate = 2e-3,
                                 .steps = steps,
                                 .init_batch = 500};
        for (int l = 0; l < static_cast<int>(depth); ++l) {
          training.layers.push_back("linear(outputs=" + std::to_string(width) +
                                    ", weights=real, bias=true)");
          training.layers.emplace_back("units");
        }
        training.layers.emplace_back(
            "linear(outputs=10, weights=real, bias=true)");
        NetworkTrainer trainer(training, train, context.random(seed));
        for (int64_t step = 0; step < steps; ++step) trainer.step();
        const auto draws = context.random(seed).branch(1);
        losses.push_back(score(trainer.network(), seen, 1, draws).loss);
        accuracies.push_back(
            score(trainer.network(), test, 10, draws).accuracy);
        done += depth;
        double all = 0;
        for (const double d : depths) all += d;
        context.done(0.4 + 0.6 * done /
                               (all * double(kEstimators.size()) *
                                double(context.seeds)));
      }
    }
  }
  return result;
}

/// For each seed, the least of the temperatures' values in column `at`.
std::vector<double> best_temperature(const Accuracy::Rows& rows, size_t at) {
  std::vector<double> result;
  for (size_t seed = 0; seed < rows[0].size(); ++seed) {
    double least = rows[1][seed][at];
    for (size_t i = 2; i < rows.size(); ++i)
      least = std::min(least, rows[i][seed][at]);
    result.push_back(least);
  }
  return result;
}

std::vector<double> column(const std::vector<std::vector<double>>& rows,
                           size_t at) {
  std::vector<double> result;
  for (const auto& row : rows) result.push_back(row[at]);
  return result;
}

report::LineChart depth_chart(const std::string& title, const std::string& y,
                              const std::string& note,
                              const std::vector<double>& depths,
                              const Accuracy::Rows& rows, bool log_y) {
  report::LineChart chart{.title = title,
                          .x_label = "layers of units",
                          .y_label = y,
                          .log_y = log_y,
                          .note = note};
  for (size_t i = 0; i < kEstimators.size(); ++i)
    chart.series.push_back(curve_over_seeds(kEstimators[i], depths, rows[i]));
  return chart;
}

Findings run(const ExperimentContext& context) {
  const int64_t samples = context.pick(3000, 10000);
  std::vector<double> all_depths;
  for (int depth = 1; depth <= kDeepest; ++depth) all_depths.push_back(depth);
  const auto depths =
      context.quick() ? std::vector<double>{1, 4, 7} : all_depths;
  const int64_t width = context.pick(50, 200);
  const int64_t images = context.pick(5000, 60000);
  const int64_t steps = context.pick(400, 3000);
  const int networks = context.pick(4, 10);
  const auto found = measure_depths(context, samples, networks);
  const auto trained = train_depths(context, depths, width, images, steps);

  std::vector<double> error_ratio, bias_growth, cold_growth;
  const auto st_error = column(found.rmse[0], kDeepest - 1);
  const auto gs_error = best_temperature(found.rmse, kDeepest - 1);
  for (size_t s = 0; s < st_error.size(); ++s) {
    error_ratio.push_back(std::log10(gs_error[s] / st_error[s]));
    const auto ratio = [&](size_t at) {
      return found.deviation[kCold][s][at] / found.deviation[0][s][at];
    };
    cold_growth.push_back(std::log10(ratio(kDeepest - 1) / ratio(0)));
  }
  const size_t last = depths.size() - 1;
  return {
      .settings =
          {{"gradients",
            std::to_string(networks) +
                " networks 4-5-...-5-1 of random weights for each seed, 64 "
                "points, logistic loss; first layer; exact reference; " +
                std::to_string(samples) + " estimates"},
           {"training", "784-" + std::to_string(width) +
                            "-...-10 with real weights, no batch norm, "
                            "started from a batch; " +
                            std::to_string(images) + " images of " +
                            context.images.name + ", " + std::to_string(steps) +
                            " steps of Adam from rate 0.002, batch 100"},
           {"test", "ten draws of binary units"}},
      .measured = {{"error", mean_over_seeds(error_ratio)},
                   {"bias",
                    paired_difference(column(found.bias[2], kDeepest - 1),
                                      column(found.bias[2], 0))},
                   {"cold", mean_over_seeds(cold_growth)},
                   {"training", paired_difference(
                                    best_temperature(trained.train_loss, last),
                                    column(trained.train_loss[0], last))}},
      .differs =
          "The source refers to measurements in convolutional networks "
          "on CIFAR-10; here the networks are small enough for an "
          "exact reference, and a perceptron is trained.",
      .blocks = {
          depth_chart(
              "Bias", "|bias| / |gradient|, first layer",
              "Gumbel-Softmax computes every expectation at relaxed "
              "units, so its bias comes from every layer. That of temperature "
              "0.1 behind three layers is what its noise leaves to be "
              "seen.",
              all_depths, found.bias, true),
          depth_chart("Deviation of one estimate",
                      "sqrt(variance) / |gradient|, first layer",
                      "A cold relaxation needs a lucky noise in every layer.",
                      all_depths, found.deviation, true),
          depth_chart("Error of the mean of 100 estimates",
                      "RMSE / |gradient|, first layer",
                      "Bias and variance together.", all_depths, found.rmse,
                      true),
          depth_chart("Training loss of the binary network",
                      "cross entropy of one draw, nats",
                      "After training, with binary units whatever trained it.",
                      depths, trained.train_loss, false),
          depth_chart("Test accuracy", "%",
                      "Ensembles of ten draws of binary units.", depths,
                      trained.accuracy, false)}};
}

const Registered<Experiment> entry{{
    .name = "gs-depth",
    .title = "Gumbel-Softmax against straight-through, by depth",
    .summary =
        "In one layer Gumbel-Softmax trades bias for variance as one likes. In "
        "a deep network its relaxed units feed relaxed units, and a low "
        "temperature has to be paid in every layer. The gradient of the first "
        "of 1 to 7 layers is compared with the exact one, and classifiers of "
        "so many layers are trained.",
    .source = kShekhovtsov2021,
    .claims =
        {{.id = "error",
          .sentence = "In deep networks of binary units the gradient of "
                      "Gumbel-Softmax is less accurate than that of "
                      "straight-through.",
          .where = "section on Gumbel-Softmax, figure 4 of arXiv:2006.03143",
          .measured = "log10 of the RMSE of the mean of 100 estimates, at the "
                      "best of three temperatures, over that of ST; 7 layers",
          .holds = {.from = 0}},
         {.id = "bias",
          .sentence = "The bias of Gumbel-Softmax grows with depth.",
          .where = "section on Gumbel-Softmax",
          .measured = "relative bias at 7 layers minus that at 1, temperature "
                      "0.5",
          .holds = {.from = 0}},
         {.id = "cold",
          .sentence = "At a low temperature the noise of Gumbel-Softmax grows "
                      "faster with depth than that of straight-through.",
          .where = "proposition 4",
          .measured = "log10 of the ratio of deviations at 7 layers over that "
                      "at 1, temperature 0.1",
          .holds = {.from = 0}},
         {.id = "training",
          .sentence =
              "Straight-through trains deep networks to a lower loss than "
              "Gumbel-Softmax.",
          .where = "section on Gumbel-Softmax",
          .measured = "training loss at the best of three temperatures minus "
                      "that of ST, nats; 7 layers",
          .holds = {.from = 0}}},
    .cost = {.quick = 55, .normal = 3600},
    .run = run,
}};

}  // namespace
}  // namespace signet

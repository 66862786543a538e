// Gumbel-Softmax against straight-through in networks of 1 to 7 layers: how
// good the gradient is, and what it trains.

#include <algorithm>
#include <cmath>

#include "signet/core/papers.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/papers/accuracy_charts.h"
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
/// 1 and 0.1 are the temperatures that the source's comparison has.
constexpr size_t kWarm = 1, kMiddle = 2, kCold = 3;
constexpr int64_t kMeanOf = 100;

/// Relative to the exact gradient of the first layer.
/// [estimator][seed][depth - 1]
struct Accuracy {
  using Rows = std::vector<std::vector<std::vector<double>>>;
  /// Of the bias its square, which can be estimated without a bias: below 0
  /// where there is less than its noise.
  Rows square_bias = Rows(kEstimators.size()), deviation = square_bias,
       rmse = square_bias;
};

/// Means over so many networks of each depth and seed.
Accuracy measure_depths(const ExperimentContext& context, int64_t samples,
                        int networks) {
  Accuracy result;
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    for (size_t i = 0; i < kEstimators.size(); ++i)
      for (auto* rows : {&result.square_bias, &result.deviation, &result.rmse})
        (*rows)[i].emplace_back();
    for (int depth = 1; depth <= kDeepest; ++depth) {
      for (size_t i = 0; i < kEstimators.size(); ++i)
        for (auto* rows :
             {&result.square_bias, &result.deviation, &result.rmse})
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
          add(result.square_bias, squared_bias(first));
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

std::vector<double> column(const std::vector<std::vector<double>>& rows,
                           size_t at) {
  std::vector<double> result;
  for (const auto& row : rows) result.push_back(row[at]);
  return result;
}

/// Roots with the sign of what is under them; a log axis leaves out the
/// negative.
Accuracy::Rows roots(Accuracy::Rows rows) {
  for (auto& of_estimator : rows)
    for (auto& row : of_estimator)
      for (auto& value : row)
        value = std::copysign(std::sqrt(std::abs(value)), value);
  return rows;
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

  const auto st_error = column(found.rmse[0], kDeepest - 1);
  const auto error_over_st = [&](size_t i) {
    auto ratio = column(found.rmse[i], kDeepest - 1);
    for (size_t s = 0; s < ratio.size(); ++s)
      ratio[s] = std::log10(ratio[s] / st_error[s]);
    return ratio;
  };
  std::vector<double> cold_growth;
  for (size_t s = 0; s < st_error.size(); ++s) {
    const auto ratio = [&](size_t at) {
      return found.deviation[kCold][s][at] / found.deviation[0][s][at];
    };
    cold_growth.push_back(std::log10(ratio(kDeepest - 1) / ratio(0)));
  }
  const auto bias_growth = [&](size_t i) {
    return paired_difference(column(found.square_bias[i], kDeepest - 1),
                             column(found.square_bias[i], 0));
  };
  const auto st_loss = column(trained.train_loss[0], depths.size() - 1);
  const auto loss_over_st = [&](size_t i) {
    auto difference = column(trained.train_loss[i], depths.size() - 1);
    for (size_t s = 0; s < difference.size(); ++s) difference[s] -= st_loss[s];
    return difference;
  };
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
      .measured = {{"error", least_of({mean_over_seeds(error_over_st(kWarm)),
                                       mean_over_seeds(error_over_st(kCold))})},
                   {"bias", bias_growth(kMiddle)},
                   {"bias-warm", bias_growth(kWarm)},
                   {"cold", mean_over_seeds(cold_growth)},
                   {"training",
                    least_of({mean_over_seeds(loss_over_st(kWarm)),
                              mean_over_seeds(loss_over_st(kCold))})}},
      .differs =
          "The source refers to measurements in convolutional networks "
          "on CIFAR-10; here the networks are small enough for an "
          "exact reference, and a perceptron is trained.",
      .blocks = {
          depth_chart(
              "Bias", "|bias| / |gradient|, first layer",
              "Root of the mean square over the networks of a seed; the "
              "noise of the mean estimate is subtracted from each square. "
              "Where nothing is left, there is no point. Gumbel-Softmax "
              "computes every expectation at relaxed units, so its bias "
              "comes from every layer.",
              all_depths, roots(found.square_bias), true),
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
          .sentence = "In deep networks of binary units the mean of 100 "
                      "estimates of Gumbel-Softmax is less accurate than that "
                      "of straight-through, at temperature 1 and at 0.1.",
          .where = "section on Gumbel-Softmax, figure 4 of arXiv:2006.03143",
          .measured = "log10 of the RMSE of that mean over that of ST, 7 "
                      "layers; of the two temperatures the one with the "
                      "smaller mean",
          .holds = {.from = 0}},
         {.id = "bias",
          .sentence = "The relative bias of Gumbel-Softmax at temperature 0.5 "
                      "is larger behind 7 layers than behind one.",
          .where = "derived here: each layer adds relaxed units",
          .measured = "square of |bias| / |gradient|, mean over networks, at "
                      "7 layers minus that at 1",
          .holds = {.from = 0}},
         {.id = "bias-warm",
          .sentence = "The relative bias of Gumbel-Softmax at temperature 1 is "
                      "larger behind 7 layers than behind one.",
          .where = "derived here: each layer adds relaxed units",
          .measured = "square of |bias| / |gradient|, mean over networks, at "
                      "7 layers minus that at 1",
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
              "Straight-through trains a perceptron of 7 layers to a lower "
              "loss than Gumbel-Softmax at temperature 1 and at 0.1.",
          .where = "ours, after the comparison of gradients",
          .measured = "training loss minus that of ST, nats; of the two "
                      "temperatures the one with the smaller mean",
          .holds = {.from = 0}}},
    .cost = {.quick = 55, .normal = 3600},
    .run = run,
}};

}  // namespace
}  // namespace signet

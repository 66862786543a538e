// How far the straight-through gradient is from the exact one in a deep
// network, by what is drawn forward and which proxy goes backward.

#include <algorithm>
#include <cmath>

#include "signet/core/papers.h"
#include "signet/core/torch.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/measurement_text.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/problem_training.h"
#include "signet/experiments/papers/sbn_problem.h"
#include "signet/experiments/papers/st_proxies.h"
#include "signet/measure/reference.h"

namespace signet {
namespace {

constexpr size_t kLayers = 5;  ///< of units

/// All rules on one network: by proxy, with drawn units or those of the mode.
struct Row {
  std::vector<Accuracy> drawn, mode;
};
using Forward = std::vector<Accuracy> Row::*;
using Values = std::vector<double> Accuracy::*;

Row measure_all(const Problem& problem, int64_t samples, const Random& random) {
  const auto reference = reference_gradient(problem, {});
  Row row;
  for (const auto& proxy : proxies()) {
    row.drawn.push_back(
        measure_proxy(problem, reference, proxy, false, samples, random));
    row.mode.push_back(
        measure_proxy(problem, reference, proxy, true, samples, random));
  }
  return row;
}

/// A rule: what is drawn, and the index of the proxy.
struct Rule {
  Forward forward;
  size_t proxy;
};
const Rule kOwn{&Row::drawn, 0};  ///< tanh is that of the network's noise
const Rule kMode{&Row::mode, 0};
const Rule kIdentity{&Row::drawn, 4};

/// The networks of all seeds at one time of their training.
struct Stage {
  std::string title;
  std::vector<std::vector<Row>> rows = {};  ///< by seed and network

  /// By seed, the mean over its networks in a layer.
  std::vector<double> mean(const Rule& rule, Values values, size_t l) const {
    std::vector<double> means;
    for (const auto& networks : rows) {
      double sum = 0;
      for (const auto& row : networks)
        sum += ((row.*rule.forward)[rule.proxy].*values)[l];
      means.push_back(sum / static_cast<double>(networks.size()));
    }
    return means;
  }
  /// By seed, the root of what its networks' squares have in sum over that of
  /// the gradients: one whose gradient is nearly 0 does not decide.
  std::vector<double> bias(const Rule& rule, size_t l) const {
    auto biases = mean(rule, &Accuracy::bias_square, l);
    const auto gradients = mean(rule, &Accuracy::gradient_square, l);
    for (size_t s = 0; s < biases.size(); ++s)
      biases[s] = std::sqrt(std::max(biases[s] / gradients[s], 1e-8));
    return biases;
  }
  /// How many networks' layers have less bias than noise.
  int64_t below_noise(const Rule& rule) const {
    int64_t count = 0;
    for (const auto& networks : rows)
      for (const auto& row : networks)
        for (const double square : (row.*rule.forward)[rule.proxy].bias_square)
          count += square <= 0;
    return count;
  }
};

/// By seed, the mean over layers and stages of a value of theirs.
template <class Value>
std::vector<double> over_layers(const std::vector<const Stage*>& stages,
                                const Value& value) {
  std::vector<double> means(stages[0]->rows.size());
  for (const auto* stage : stages)
    for (size_t l = 0; l < kLayers; ++l) {
      const auto values = value(*stage, l);
      for (size_t s = 0; s < means.size(); ++s)
        means[s] += values[s] / static_cast<double>(stages.size() * kLayers);
    }
  return means;
}

std::vector<double> log_bias(const std::vector<const Stage*>& stages,
                             const Rule& rule) {
  return over_layers(stages, [&](const Stage& stage, size_t l) {
    auto biases = stage.bias(rule, l);
    for (double& b : biases) b = std::log10(b);
    return biases;
  });
}

std::vector<double> mean_cosine(const std::vector<const Stage*>& stages,
                                const Rule& rule) {
  return over_layers(stages, [&](const Stage& stage, size_t l) {
    return stage.mean(rule, &Accuracy::mean_cosine, l);
  });
}

/// By layer, the bias or the cosine of every proxy.
report::LineChart chart_of(const Stage& stage, const std::string& units,
                           Forward forward, bool bias) {
  report::LineChart chart{
      .title = units + ", " + stage.title,
      .x_label = "layer of units, 1 next to the input",
      .y_label = bias ? "|bias| / |gradient|" : "cosine of the mean",
      .log_y = bias};
  std::vector<double> x;
  for (size_t l = 1; l <= kLayers; ++l) x.push_back(static_cast<double>(l));
  for (size_t i = 0; i < proxies().size(); ++i) {
    std::vector<std::vector<double>> curves(stage.rows.size());
    for (size_t l = 0; l < kLayers; ++l) {
      const Rule rule{forward, i};
      const auto values = bias ? stage.bias(rule, l)
                               : stage.mean(rule, &Accuracy::mean_cosine, l);
      for (size_t s = 0; s < values.size(); ++s) curves[s].push_back(values[s]);
    }
    chart.series.push_back(curve_over_seeds(proxies()[i].name, x, curves));
  }
  return chart;
}

report::Table table_of(const Stage& stage) {
  report::Table table{.title = "Means over layers, " + stage.title,
                      .columns = {"proxy", "units", "|bias| / |gradient|",
                                  "cosine of one sample", "cosine of the mean",
                                  "layers with less bias than noise"}};
  for (size_t i = 0; i < proxies().size(); ++i)
    for (const auto& [label, forward] :
         {std::pair{"drawn", &Row::drawn}, std::pair{"mode", &Row::mode}}) {
      const Rule rule{forward, i};
      const auto mean = [&](Values values) {
        return mean_text(over_layers({&stage},
                                     [&](const Stage& here, size_t l) {
                                       return here.mean(rule, values, l);
                                     }),
                         3);
      };
      table.rows.push_back(
          {proxies()[i].name, label,
           mean_text(over_layers({&stage},
                                 [&](const Stage& here, size_t l) {
                                   return here.bias(rule, l);
                                 }),
                     3),
           mean(&Accuracy::cosine), mean(&Accuracy::mean_cosine),
           std::to_string(stage.below_noise(rule))});
    }
  return table;
}

std::map<std::string, Statistic> statistics(const Stage& start,
                                            const Stage& end) {
  const std::vector<const Stage*> both{&start, &end};
  // The least of several means is looked for, so each has the confidence that
  // makes 95 % of all together.
  std::vector<Statistic> rivals, layers;
  for (size_t i = 1; i < proxies().size(); ++i)
    rivals.push_back(paired_difference(log_bias(both, {&Row::drawn, i}),
                                       log_bias(both, kOwn), 0.9875));
  for (size_t l = 0; l < kLayers; ++l)
    layers.push_back(
        mean_over_seeds(start.mean(kOwn, &Accuracy::mean_cosine, l), 0.99));
  std::vector<double> depth;
  const auto first = start.bias(kOwn, 0), last = start.bias(kOwn, kLayers - 1);
  for (size_t s = 0; s < first.size(); ++s)
    depth.push_back(std::log10(first[s] / last[s]));
  return {{"deterministic", paired_difference(mean_cosine(both, kOwn),
                                              mean_cosine(both, kMode))},
          {"identity", paired_difference(mean_cosine(both, kOwn),
                                         mean_cosine(both, kIdentity))},
          {"own-proxy", least_of(rivals)},
          {"depth", mean_over_seeds(depth)},
          {"trained", paired_difference(mean_cosine({&end}, kOwn),
                                        mean_cosine({&start}, kOwn))},
          {"direction", least_of(layers)}};
}

Findings run(const ExperimentContext& context) {
  const int64_t epochs = context.pick<int64_t>(100, 500);
  const int64_t samples = context.pick<int64_t>(4000, 40000);
  const int64_t networks = context.pick<int64_t>(8, 20);
  Stage start{.title = "at the start"},
      end{.title = "after " + std::to_string(epochs) + " epochs"};
  double done = 0;
  const auto tell = [&](double share) {
    context.done((done + share) /
                 static_cast<double>(context.seeds * networks));
  };
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    auto& first = start.rows.emplace_back();
    auto& last = end.rows.emplace_back();
    for (int64_t k = 0; k < networks; ++k, ++done) {
      const auto random =
          context.random(seed).replica(static_cast<uint32_t>(k));
      const auto problem = sbn_problem(
          {.layers = std::vector<int64_t>(kLayers, 5), .random = random});
      first.push_back(measure_all(problem, samples, random.branch(1)));
      const auto trained = train_in_stages(
          problem, {epochs}, {.batch = 16, .random = random.branch(2)},
          [&](int64_t epoch) {
            tell(0.3 + 0.4 * static_cast<double>(epoch) /
                           static_cast<double>(epochs));
          });
      last.push_back(measure_all(trained[0], samples, random.branch(3)));
      tell(1);
    }
  }
  std::vector<report::Block> blocks;
  for (const auto* stage : {&start, &end})
    for (const auto& [units, forward] :
         {std::pair{"Units drawn", &Row::drawn},
          std::pair{"Units of the mode", &Row::mode}})
      for (const bool bias : {true, false}) {
        auto chart = chart_of(*stage, units, forward, bias);
        if (blocks.empty())
          chart.note = "tanh is the proxy of the noise that draws the units.";
        if (blocks.size() == 1)
          chart.note = "What a factor on the estimate cannot mend.";
        blocks.push_back(std::move(chart));
      }
  for (const auto* stage : {&start, &end}) blocks.push_back(table_of(*stage));
  return {
      .settings = {{"network",
                    "4-5-5-5-5-5-1, units {-1, +1} under logistic noise, "
                    "logistic loss, 64 points"},
                   {"networks", std::to_string(networks) + " a seed"},
                   {"training",
                    std::to_string(epochs) +
                        " epochs of exact gradients of batches of 16, rate "
                        "0.03, momentum 0.9"},
                   {"samples", std::to_string(samples) + " of each rule"},
                   {"reference", "the exact gradient, by transfer matrices"}},
      .measured = statistics(start, end),
      .differs =
          "Of the source no more than the abstract and the introduction could "
          "be read: claims are derived here from its model. The networks are "
          "small enough for the exact gradient.",
      .blocks = std::move(blocks)};
}

const Registered<Experiment> entry{{
    .name = "st-accuracy-in-deep-sbn",
    .title = "Accuracy of straight-through in deep networks",
    .summary =
        "Five layers of units over one another, each rule against the exact "
        "gradient: units drawn or at their mode, and going backward tanh, "
        "which belongs to the noise, or the proxy of another noise, or the "
        "identity.",
    .source = kShekhovtsovYanush2021,
    .claims =
        {{.id = "deterministic",
          .sentence = "Straight-through without sampling is a worse estimate "
                      "of the expected loss's gradient than with it.",
          .where = "derived here",
          .measured = "cosine of the expected estimate with units drawn less "
                      "that with their mode, tanh, mean over layers and stages",
          .holds = {.from = 0}},
         {.id = "own-proxy",
          .sentence = "No proxy is more accurate than the one that belongs to "
                      "the noise.",
          .where = "derived here",
          .measured = "log10 of |bias| of another proxy over that of tanh, "
                      "units drawn, mean over layers and stages, the least of "
                      "four proxies",
          .holds = {.from = 0}},
         {.id = "identity",
          .sentence = "The identity as a proxy of activations belongs to no "
                      "noise and points the gradient's way less well.",
          .where = "derived here",
          .measured = "cosine of the expected estimate with tanh less that "
                      "with the identity, units drawn, mean over layers and "
                      "stages",
          .holds = {.from = 0}},
         {.id = "direction",
          .sentence = "At the start of a training straight-through points the "
                      "gradient's way in every layer.",
          .where = "derived here",
          .measured = "cosine of the expected estimate with the gradient, the "
                      "least of the layers",
          .holds = {.from = 0}},
         {.id = "depth",
          .sentence = "The further a layer is from the loss the larger is the "
                      "relative bias: it is added layer by layer.",
          .where = "derived here",
          .measured = "log10 of |bias| / |gradient| of the first layer over "
                      "that of the last one of units, at the start",
          .holds = {.from = 0}},
         {.id = "trained",
          .sentence = "Straight-through points the gradient's way less well "
                      "after a training, as the network leaves the range where "
                      "its layers are nearly linear.",
          .where = "derived here",
          .measured = "change of the cosine of the expected estimate, mean "
                      "over layers",
          .holds = {.to = 0}}},
    .on_images = false,
    .cost = {.quick = 35, .normal = 1200},
    .run = run,
}};

}  // namespace
}  // namespace signet

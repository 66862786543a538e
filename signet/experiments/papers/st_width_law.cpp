// How the relative bias of straight-through falls with the width of a layer.

#include <algorithm>
#include <cmath>

#include "signet/core/papers.h"
#include "signet/core/torch.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/sbn_problem.h"
#include "signet/measure/gradients.h"
#include "signet/measure/reference.h"

namespace signet {
namespace {

/// Against 0, so that the bias that it finds is the length of a mean.
GradientStatistics statistics_of_mean(const Problem& problem, int64_t samples) {
  const auto ranges = parameter_ranges(problem);
  const auto size = static_cast<size_t>(ranges[0].count);
  return GradientStatistics(ranges,
                            {.gradient = std::vector<double>(size),
                             .error = std::vector<double>(size)},
                            samples);
}

/// |bias| / |gradient| of a rule in the first layer of a network with one layer
/// of units. Trying both states of each unit on the same path is unbiased, and
/// of the difference little noise is left.
double one_layer_bias(const Problem& problem, const std::string& rule,
                      int64_t samples, const Random& random) {
  const BoundEstimator exact("local-expectation"), biased(rule);
  auto mean = statistics_of_mean(problem, samples);
  auto difference = statistics_of_mean(problem, samples);
  constexpr int64_t kReplicates = 50;
  for (uint32_t run = 0; mean.samples() < samples; ++run) {
    const auto here = random.replica(run);
    const auto g = sample_gradients(exact, problem, kReplicates, here)
                       .gradients.to(torch::kDouble);
    const auto d = sample_gradients(biased, problem, kReplicates, here)
                       .gradients.to(torch::kDouble);
    mean.add(g);
    difference.add(d - g);
  }
  return difference.result({}, {})[1].bias / mean.result({}, {})[1].bias;
}

/// The same for any depth, where the exact gradient is known.
double deep_bias(const Problem& problem, const std::string& rule,
                 int64_t samples, const Random& random) {
  const BoundEstimator biased(rule);
  const bool deterministic = biased.record().traits.deterministic;
  GradientStatistics statistics(parameter_ranges(problem),
                                reference_gradient(problem, {}), samples);
  const int64_t wanted = deterministic ? 1 : samples;
  const int64_t replicates = replicates_of_a_run(problem);
  for (uint32_t run = 0; statistics.samples() < wanted; ++run)
    statistics.add(
        sample_gradients(biased, problem,
                         std::min(replicates, wanted - statistics.samples()),
                         random.replica(run))
            .gradients.to(torch::kDouble));
  const auto first = statistics.result({}, {.deterministic = deterministic})[1];
  return first.relative(first.bias);
}

/// One curve: networks of a depth, widths, a rule.
struct Law {
  std::string label, rule;
  int64_t depth;
  std::vector<double> widths;
  std::vector<std::vector<double>> log_bias = {};  ///< by seed and width

  std::vector<double> exponents() const {
    std::vector<double> all;
    for (const auto& row : log_bias) {
      std::vector<double> bias;
      for (const double value : row) bias.push_back(std::pow(10, value));
      all.push_back(fitted_exponent(widths, bias));
    }
    return all;
  }
  /// 10 to the mean over seeds, each the mean over networks of the logarithm.
  report::Series series() const {
    auto series = curve_over_seeds(label, widths, log_bias);
    for (auto* values : {&series.y, &series.low, &series.high})
      for (double& value : *values) value = std::pow(10, value);
    return series;
  }
};

void measure_seed(Law& law, int64_t networks, int64_t samples,
                  const Random& random) {
  auto& row = law.log_bias.emplace_back();
  for (const double width : law.widths) {
    double sum = 0;
    for (int64_t k = 0; k < networks; ++k) {
      const auto source = random.replica(static_cast<uint32_t>(k))
                              .branch(static_cast<uint64_t>(width));
      const auto problem = sbn_problem(
          {.layers = std::vector<int64_t>(static_cast<size_t>(law.depth),
                                          static_cast<int64_t>(width)),
           .examples = 16,
           .random = source});
      const double bias =
          law.depth == 1
              ? one_layer_bias(problem, law.rule, samples, source.branch(1))
              : deep_bias(problem, law.rule, samples, source.branch(1));
      sum += std::log10(std::max(bias, 1e-6));
    }
    row.push_back(sum / static_cast<double>(networks));
  }
}

report::Series law_line(const Law& law) {
  const double first = law.series().y.front(), from = law.widths.front();
  report::Series line{.label = law.label + ", n^-1/2",
                      .x = law.widths,
                      .dashed = true,
                      .of = law.label};
  for (const double n : law.widths)
    line.y.push_back(first * std::sqrt(from / n));
  return line;
}

std::vector<report::Block> blocks(const std::vector<Law>& laws) {
  report::LineChart chart{
      .title = "Relative bias in the first layer",
      .x_label = "width n of every layer of units",
      .y_label = "|bias| / |gradient|",
      .log_x = true,
      .log_y = true,
      .note =
          "Dashed: n^-1/2 through the first point. Geometric means over "
          "networks."};
  report::Table table{.title = "Exponents of the width",
                      .columns = {"networks", "widths", "exponent"}};
  for (const auto& law : laws) {
    chart.series.push_back(law.series());
    if (law.rule == "st") chart.series.push_back(law_line(law));
    table.rows.push_back(
        {law.label,
         std::to_string(static_cast<int64_t>(law.widths.front())) + " to " +
             std::to_string(static_cast<int64_t>(law.widths.back())),
         mean_text(law.exponents(), 3)});
  }
  return {chart, table};
}

Findings run(const ExperimentContext& context) {
  std::vector<double> wide{4, 8, 16, 32, 64}, deep{2, 3, 4, 6, 8};
  if (!context.quick()) {
    wide.push_back(128);
    wide.push_back(256);
    deep.push_back(10);
  }
  std::vector<Law> laws{{"st, one layer", "st", 1, wide},
                        {"st, three layers", "st", 3, deep},
                        {"mode, one layer", "st-deterministic", 1, wide},
                        {"mode, three layers", "st-deterministic", 3, deep}};
  const int64_t networks = context.pick<int64_t>(20, 30);
  const int64_t samples = context.pick<int64_t>(1000, 2000);
  double done = 0;
  for (int64_t seed = 0; seed < context.seeds; ++seed)
    for (auto& law : laws) {
      measure_seed(law, networks, samples, context.random(seed));
      context.done(++done / static_cast<double>(laws.size()) /
                   static_cast<double>(context.seeds));
    }
  return {
      .settings = {{"networks",
                    "4 inputs, 1 or 3 layers of n units {-1, +1} under "
                    "logistic noise, logistic loss, 16 points, weights of "
                    "variance 1 / inputs; " +
                        std::to_string(networks) + " a seed and width"},
                   {"samples", std::to_string(samples) + " of each network"},
                   {"reference",
                    "one layer: both states of each unit on the same "
                    "paths, which has no bias; three: the exact gradient"}},
      .measured = {{"falls", mean_over_seeds(laws[0].exponents())},
                   {"falls-deep", mean_over_seeds(laws[1].exponents())},
                   {"law", mean_over_seeds(laws[0].exponents())}},
      .differs =
          "The source argues with wide layers in general; networks and "
          "widths are chosen here.",
      .blocks = blocks(laws)};
}

const Registered<Experiment> entry{{
    .name = "st-width-law",
    .title = "Wide layers are closer to linear",
    .summary =
        "Straight-through replaces the difference of the loss between both "
        "states of a unit by its derivative. In a wide layer one unit moves "
        "the next pre-activations little, so the difference is nearly linear: "
        "the bias of a unit is the curvature times its weight squared, the "
        "gradient the slope times its weight, and weights are of size "
        "n^-1/2. So the relative bias must fall as n^-1/2.",
    .source = kShekhovtsovYanush2021,
    .claims =
        {{.id = "falls",
          .sentence = "Straight-through is the more accurate the wider the "
                      "layer.",
          .where = "derivation of straight-through by linearisation",
          .measured = "exponent of the width in |bias| / |gradient|, one layer "
                      "of units; below 0: the bias falls",
          .holds = {.to = 0}},
         {.id = "falls-deep",
          .sentence = "So it is in deep networks.",
          .where = "derivation of straight-through by linearisation",
          .measured = "exponent of the width in |bias| / |gradient| of the "
                      "first of three layers of units",
          .holds = {.to = 0}},
         {.id = "law",
          .sentence = "The relative bias falls as one over the root of the "
                      "width.",
          .where =
              "derived here from that linearisation; the margin of 0.1 is ours",
          .measured = "exponent of the width in |bias| / |gradient|, one layer "
                      "of units",
          .holds = {.from = -0.6, .to = -0.4}}},
    .on_images = false,
    .cost = {.quick = 28, .normal = 2400},
    .run = run,
}};

}  // namespace
}  // namespace signet

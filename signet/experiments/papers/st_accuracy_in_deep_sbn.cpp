// How far the straight-through gradient is from the exact one in a deep
// network, by what is drawn forward and which proxy goes backward.

#include <algorithm>
#include <cmath>

#include "signet/core/draw_units.h"
#include "signet/core/papers.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/measurement_text.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/problem_training.h"
#include "signet/experiments/papers/sbn_problem.h"
#include "signet/measure/gradients.h"
#include "signet/measure/reference.h"

namespace signet {
namespace {

constexpr size_t kLayers = 5;  ///< of units

/// What stands in for the derivative of the step.
struct Proxy {
  std::string name;
  const Noise* noise;  ///< its derivative is 2F'; null: the identity's, 1
};

const std::vector<Proxy>& proxies() {
  static const std::vector<Proxy> all{{"tanh", &logistic_noise()},
                                      {"Htanh", &uniform_noise()},
                                      {"ApproxSign", &triangular_noise()},
                                      {"erf", &gaussian_noise()},
                                      {"identity", nullptr}};
  return all;
}

/// Units of the network's own noise, or of its mode, with any proxy.
class ProxySampler : public Sampler {
 public:
  ProxySampler(const Proxy& proxy, bool deterministic, const Random& random)
      : proxy_(proxy), deterministic_(deterministic), random_(random) {}

  Tensor draw(const Tensor& logits, const UnitOptions& units) override {
    const auto a = logits.detach();
    const auto x = deterministic_ ? ModeSampler().draw(a, units)
                                  : draw_units(a, *units.noise, -1, 1,
                                               random_.site(site_++));
    return proxy_.noise
               ? straight_through(logits, x, *proxy_.noise, 2)
               : straight_through(logits, x, torch::ones({}, a.options()));
  }

 private:
  const Proxy& proxy_;
  bool deterministic_;
  Random random_;
  uint32_t site_ = 0;
};

/// How accurate one rule is: all parameters, then the layers of units.
struct Accuracy {
  std::vector<double> bias;         ///< |bias| / |gradient|
  std::vector<double> cosine;       ///< of one sample, mean
  std::vector<double> mean_cosine;  ///< of the mean of many

  /// The mean over layers of its logarithm.
  double log_bias() const {
    double sum = 0;
    for (size_t l = 1; l <= kLayers; ++l)
      sum += std::log10(std::max(bias[l], 1e-6));
    return sum / kLayers;
  }
};

Accuracy measure_proxy(const Problem& problem, const Reference& reference,
                       const Proxy& proxy, bool deterministic, int64_t samples,
                       const Random& random) {
  GradientStatistics statistics(parameter_ranges(problem), reference, samples);
  const int64_t wanted = deterministic ? 1 : samples;
  const int64_t replicates = replicates_of_a_run(problem);
  for (uint32_t run = 0; statistics.samples() < wanted; ++run) {
    const auto leaves = replicated_parameters(
        problem, std::min(replicates, wanted - statistics.samples()));
    ProxySampler sampler(proxy, deterministic, random.replica(run));
    problem.loss(leaves, sampler).mean(-1).sum().backward();
    statistics.add(gradient_rows(leaves).to(torch::kDouble));
  }
  Accuracy accuracy;
  const auto groups = statistics.result({}, deterministic);
  for (size_t l = 0; l <= kLayers; ++l) {
    accuracy.bias.push_back(groups[l].relative(groups[l].bias));
    accuracy.cosine.push_back(groups[l].means.front().cosine);
    accuracy.mean_cosine.push_back(groups[l].means.back().cosine);
  }
  return accuracy;
}

/// All rules on one network: by proxy, with drawn units or those of the mode.
struct Row {
  std::vector<Accuracy> drawn, mode;
};

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

/// The networks of all seeds at one time of their training.
struct Stage {
  std::string title;
  std::vector<std::vector<Row>> rows = {};  ///< by seed and network

  /// A value of each network, its mean over the networks of a seed.
  template <class Value>
  std::vector<double> by_seed(const Value& value) const {
    std::vector<double> means;
    for (const auto& networks : rows) {
      double sum = 0;
      for (const auto& row : networks) sum += value(row);
      means.push_back(sum / static_cast<double>(networks.size()));
    }
    return means;
  }
};

using Forward = std::vector<Accuracy> Row::*;

report::LineChart bias_chart(const Stage& stage, const std::string& what,
                             Forward forward) {
  report::LineChart chart{.title = what + ", " + stage.title,
                          .x_label = "layer of units, 1 next to the input",
                          .y_label = "|bias| / |gradient|",
                          .log_y = true};
  std::vector<double> x;
  for (size_t l = 1; l <= kLayers; ++l) x.push_back(static_cast<double>(l));
  for (size_t i = 0; i < proxies().size(); ++i) {
    std::vector<std::vector<double>> curves(stage.rows.size());
    for (size_t l = 1; l <= kLayers; ++l) {
      const auto biases = stage.by_seed(
          [&](const Row& row) { return (row.*forward)[i].bias[l]; });
      for (size_t s = 0; s < biases.size(); ++s) curves[s].push_back(biases[s]);
    }
    chart.series.push_back(curve_over_seeds(proxies()[i].name, x, curves));
  }
  return chart;
}

report::Table table_of(const Stage& stage) {
  report::Table table{
      .title = "All layers together, " + stage.title,
      .columns = {"proxy", "units", "|bias| / |gradient|",
                  "cosine of one sample", "cosine of the mean"}};
  for (size_t i = 0; i < proxies().size(); ++i)
    for (const auto& [label, forward] :
         {std::pair{"drawn", &Row::drawn}, std::pair{"mode", &Row::mode}}) {
      std::vector<std::string> cells{proxies()[i].name, label};
      for (const auto values :
           {&Accuracy::bias, &Accuracy::cosine, &Accuracy::mean_cosine})
        cells.push_back(mean_text(stage.by_seed([&, f = forward](const Row& r) {
          return ((r.*f)[i].*values)[0];
        }),
                                  3));
      table.rows.push_back(std::move(cells));
    }
  return table;
}

/// What the rules' log10 of the bias is above that of tanh with drawn units,
/// the proxy of the network's own noise.
double own(const Row& row) { return row.drawn[0].log_bias(); }
double deterministic_excess(const Row& row) {
  return row.mode[0].log_bias() - own(row);
}
double identity_excess(const Row& row) {
  return row.drawn.back().log_bias() - own(row);
}
double best_other_excess(const Row& row) {
  double best = row.drawn[1].log_bias();
  for (size_t i = 2; i < row.drawn.size(); ++i)
    best = std::min(best, row.drawn[i].log_bias());
  return best - own(row);
}
double first_over_last(const Row& row) {
  const auto& bias = row.drawn[0].bias;
  return std::log10(std::max(bias[1], 1e-6) / std::max(bias[kLayers], 1e-6));
}
double least_cosine(const Row& row) {
  const auto& cosines = row.drawn[0].mean_cosine;
  return *std::min_element(cosines.begin() + 1, cosines.end());
}

std::map<std::string, Statistic> statistics(const Stage& start,
                                            const Stage& end) {
  const auto over_both = [&](double (*value)(const Row&)) {
    auto means = start.by_seed(value);
    const auto later = end.by_seed(value);
    for (size_t s = 0; s < means.size(); ++s)
      means[s] = (means[s] + later[s]) / 2;
    return mean_over_seeds(means);
  };
  return {{"deterministic", over_both(deterministic_excess)},
          {"identity", over_both(identity_excess)},
          {"own-proxy", over_both(best_other_excess)},
          {"depth", mean_over_seeds(start.by_seed(first_over_last))},
          {"trained", paired_difference(end.by_seed(own), start.by_seed(own))},
          {"direction", mean_over_seeds(start.by_seed(least_cosine))}};
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
  for (const auto* stage : {&start, &end}) {
    auto drawn = bias_chart(*stage, "Units drawn", &Row::drawn);
    auto mode = bias_chart(*stage, "Units of the mode", &Row::mode);
    if (stage == &start) {
      drawn.note = "tanh is the proxy of the noise that draws the units.";
      mode.note =
          "Straight-through without chance forward, against the same "
          "gradient of the expected loss.";
    }
    blocks.push_back(drawn);
    blocks.push_back(mode);
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
          "The source measures on networks for images along their "
          "training; these are small enough for the exact gradient.",
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
          .where = "section on the accuracy of the gradient",
          .measured = "log10 of the ratio of their |bias|, tanh, mean over "
                      "layers and stages",
          .holds = {.from = 0}},
         {.id = "own-proxy",
          .sentence = "No proxy is more accurate than the one that belongs to "
                      "the noise.",
          .where = "section on the derivation from the noise",
          .measured = "log10 of the least |bias| of any other proxy over that "
                      "of tanh, units drawn, mean over layers and stages",
          .holds = {.from = 0}},
         {.id = "identity",
          .sentence = "The identity as a proxy of activations has no such "
                      "foundation and is less accurate.",
          .where = "section on the derivation from the noise",
          .measured = "log10 of its |bias| over that of tanh, units drawn, "
                      "mean over layers and stages",
          .holds = {.from = 0}},
         {.id = "direction",
          .sentence = "At the start of a training straight-through points the "
                      "gradient's way in every layer.",
          .where = "section on the accuracy of the gradient",
          .measured = "cosine of the mean estimate with the gradient, the "
                      "least of the layers",
          .holds = {.from = 0.9}},
         {.id = "depth",
          .sentence = "The further a layer is from the loss the larger is the "
                      "relative bias: it is added layer by layer.",
          .where = "section on the derivation for deep networks",
          .measured = "log10 of |bias| / |gradient| of the first layer over "
                      "that of the last one of units, at the start",
          .holds = {.from = 0}},
         {.id = "trained",
          .sentence = "The bias grows in training, as the network leaves the "
                      "range where its layers are nearly linear.",
          .where = "section on the accuracy of the gradient",
          .measured = "log10 of |bias| / |gradient| after training over that "
                      "at the start, mean over layers",
          .holds = {.from = 0}}},
    .cost = {.quick = 30, .normal = 1200},
    .run = run,
}};

}  // namespace
}  // namespace signet

// Figure 2, Propositions 3 and 4: what one estimate of Gumbel-Softmax is at a
// falling temperature: almost always next to 0, rarely huge.

#include <algorithm>
#include <cmath>

#include "signet/core/papers.h"
#include "signet/core/torch.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/single_unit.h"
#include "signet/measure/gradients.h"

namespace signet {
namespace {

constexpr double kEta = 0.7;
/// A gradient below this counts as vanished.
constexpr double kEpsilon = 0.01;
const std::vector<double> kTemperatures = {0.0125, 0.025, 0.05, 0.1,
                                           0.2,    0.4,   0.8};
/// Those that exponents are fitted on.
constexpr size_t kLowest = 4;
constexpr int kDeepest = 5;

/// A chain of single bits, each the log-odds of the next: the gradient of the
/// last in the log-odds of the first is the product of the layers' factors.
Problem chain_of_bits(int layers) {
  return {.name = "chain of bits",
          .groups = {{"logit", {torch::full({1}, kEta / 2, at::kDouble)}}},
          .loss = [layers](const std::vector<Tensor>& p, Sampler& sampler) {
            const UnitOptions bits{.encoding = Encoding::bits};
            auto x = sampler.draw(p[0], bits);
            for (int l = 1; l < layers; ++l) x = sampler.draw(x / 2, bits);
            return x.squeeze(-1);
          }};
}

/// Absolute gradients in eta = 2a of many draws.
Tensor chain_gradients(int layers, double t, int64_t n, const Random& random) {
  return sample_gradients(BoundEstimator(at_temperature("gumbel", t)),
                          chain_of_bits(layers), n, random)
      .gradients.squeeze(1)
      .abs()
      .div(2);
}

double share_above(const Tensor& values, double e) {
  return (values >= e).to(at::kDouble).mean().item<double>();
}

/// tau log(1/(epsilon tau)), what Proposition 4 has to the power of the depth.
double rate(double t) { return t * std::log(1 / (kEpsilon * t)); }

report::LineChart factor_chart() {
  report::LineChart chart{
      .title = "One unit: the gradient as a function of its noise",
      .x_label = "eta - z",
      .y_label = "gradient of the relaxed unit in eta",
      .log_y = true,
      .note =
          "Each curve has the area 1. The lower the temperature, the more "
          "of it is in a rare high peak next to eta = z."};
  for (const double t : {1.0, 0.5, 0.1, 0.02}) {
    report::Series series{.label = "t = " + number_text(t)};
    for (double u = -3; u <= 3.0001; u += 0.02) {
      series.x.push_back(u);
      series.y.push_back(std::max(logistic_density(u / t) / t, 1e-12));
    }
    chart.series.push_back(series);
  }
  return chart;
}

/// The gradient of the same draws, as the temperature falls.
report::LineChart draws_chart(const Random& random) {
  report::LineChart chart{
      .title = "Figure 2: twelve draws at a falling temperature",
      .x_label = "temperature",
      .y_label = "gradient of the relaxed unit in eta",
      .log_x = true,
      .log_y = true,
      .note =
          "Each line keeps its noise. All but the ones whose noise happens "
          "to lie next to the threshold fall to 0 faster than any power "
          "of the temperature."};
  constexpr int kDraws = 12;
  std::vector<double> temperatures;
  for (double t = 2; t > 0.01; t /= 1.25) temperatures.push_back(t);
  std::vector<Tensor> columns;
  for (const double t : temperatures)
    columns.push_back(chain_gradients(1, t, kDraws, random));
  for (int draw = 0; draw < kDraws; ++draw) {
    report::Series series{.label = "draw " + std::to_string(draw + 1),
                          .x = temperatures};
    for (const auto& column : columns)
      series.y.push_back(std::max(column[draw].item<double>(), 1e-20));
    chart.series.push_back(series);
  }
  return chart;
}

/// log(t g) / (-|eta - z| / t) of the draws that are further than 10 t away:
/// 1 if the gradient is exp(-|eta - z| / t) / t.
double exponential_law(double t, int64_t n, const Random& random) {
  const auto g = chain_gradients(1, t, n, random);
  const auto u = random.site(0).uniform({n}, at::kDouble);
  const auto distance = (kEta - torch::logit(u)).abs() / t;
  // Up to 600: doubles end at exp(-745).
  const auto far = (distance > 10).logical_and(distance < 600);
  return (torch::log(t * g.masked_select(far)) / -distance.masked_select(far))
      .mean()
      .item<double>();
}

/// Median over root mean square of the norm of single estimates of the first
/// layer's gradient, in a network of layers of ten units.
double typical_share(int layers, double t, int64_t n, const Random& random) {
  const auto problem =
      make_problem("chain(units=10, layers=" + std::to_string(layers) + ")");
  const auto norm =
      sample_gradients(BoundEstimator(at_temperature("gumbel", t)), problem, n,
                       random)
          .gradients.narrow(1, 0, 10)
          .to(at::kDouble)
          .norm(2, 1);
  return (norm.median() / norm.square().mean().sqrt()).item<double>();
}

report::LineChart network_chart(const ExperimentContext& context,
                                std::vector<double>& of_three) {
  const std::vector<double> temperatures(kTemperatures.begin() + 1,
                                         kTemperatures.end());
  const int64_t draws = context.pick(int64_t{1} << 13, int64_t{1} << 16);
  report::LineChart chart{
      .title = "Networks of layers of ten units: a typical estimate",
      .x_label = "temperature",
      .y_label = "median norm / root mean square norm",
      .log_x = true,
      .log_y = true,
      .note =
          "The first layer's gradient. Far below 1, most estimates are "
          "next to nothing and a few make the mean."};
  for (const int layers : {1, 2, 3, 5}) {
    std::vector<std::vector<double>> rows;
    for (int64_t seed = 0; seed < context.seeds; ++seed) {
      rows.emplace_back();
      for (const double t : temperatures) {
        const double share =
            typical_share(layers, t, draws, context.random(seed));
        rows.back().push_back(share);
        if (layers == 3 && t == 0.1) of_three.push_back(share);
      }
    }
    chart.series.push_back(curve_over_seeds(
        std::to_string(layers) + (layers == 1 ? " layer" : " layers"),
        temperatures, rows));
  }
  return chart;
}

Findings run(const ExperimentContext& context) {
  const int64_t draws = context.pick(int64_t{1} << 19, int64_t{1} << 22);
  // [layers][seed][temperature]
  std::vector<std::vector<std::vector<double>>> shares(kDeepest);
  std::vector<std::vector<double>> peaks;
  std::vector<double> law, peak, largest_difference, excess;
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    const auto random = context.random(seed);
    double difference = 0, above_bound = 0;
    peaks.emplace_back();
    for (auto& of_depth : shares) of_depth.emplace_back();
    for (size_t i = 0; i < kTemperatures.size(); ++i) {
      const double t = kTemperatures[i];
      for (int layers = 1; layers <= kDeepest; ++layers) {
        const auto g = chain_gradients(layers, t, draws, random);
        const double share = share_above(g, kEpsilon);
        shares[layers - 1].back().push_back(share);
        const double bound = std::pow(
            large_factor_share(0, t, kEpsilon * std::pow(4 * t, layers - 1)),
            layers);
        above_bound = std::max(above_bound, share - bound);
        if (layers > 1) continue;
        peaks.back().push_back(g.max().item<double>());
        for (const double e : {0.001, 0.01, 0.1, 0.5})
          difference = std::max(
              difference,
              std::abs(share_above(g, e) - large_factor_share(kEta, t, e)));
      }
    }
    largest_difference.push_back(difference);
    excess.push_back(above_bound);
    peak.push_back(fitted_exponent(kTemperatures, peaks.back()));
    law.push_back(exponential_law(0.05, draws, random));
    context.done(static_cast<double>(seed + 1) /
                 static_cast<double>(context.seeds));
  }
  const auto exponents = [&](int layers) {
    std::vector<double> x, result;
    for (size_t i = 0; i < kLowest; ++i) x.push_back(rate(kTemperatures[i]));
    for (const auto& row : shares[layers - 1]) {
      std::vector<double> y(row.begin(), row.begin() + kLowest);
      // One more draw than were seen keeps the logarithm finite.
      for (auto& share : y) share += 1 / static_cast<double>(draws);
      result.push_back(fitted_exponent(x, y));
    }
    return result;
  };
  report::LineChart depth{
      .title = "Proposition 4: draws whose gradient is at least 0.01",
      .x_label = "temperature",
      .y_label = "share of draws",
      .log_x = true,
      .log_y = true,
      .note =
          "A chain of single units. Dashed: exact for one layer, the upper "
          "bound for more. Each further layer multiplies the share by "
          "another factor that falls with the temperature."};
  report::Table table{.title = "Exponent of that share in t log(1/(0.01 t))",
                      .columns = {"layers", "exponent, t from 0.0125 to 0.1"}};
  for (int layers = 1; layers <= kDeepest; ++layers) {
    const auto label =
        std::to_string(layers) + (layers == 1 ? " layer" : " layers");
    depth.series.push_back(
        curve_over_seeds(label, kTemperatures, shares[layers - 1]));
    depth.series.back().line = false;
    report::Series line{.x = kTemperatures, .dashed = true, .of = label};
    for (const double t : kTemperatures)
      line.y.push_back(std::min(
          1.0, layers == 1
                   ? large_factor_share(kEta, t, kEpsilon)
                   : std::pow(large_factor_share(
                                  0, t, kEpsilon * std::pow(4 * t, layers - 1)),
                              layers)));
    depth.series.push_back(line);
    table.rows.push_back(
        {std::to_string(layers), mean_text(exponents(layers), 2)});
  }
  std::vector<double> typical;
  const auto networks = network_chart(context, typical);
  return {.settings = {{"unit", "one bit, log-odds 0.7, loss x"},
                       {"chain", "bits, each the log-odds of the next"},
                       {"draws for each point and seed", std::to_string(draws)},
                       {"vanished", "gradient below 0.01"},
                       {"network", "problem chain(units=10)"}},
          .measured = {{"exponential", mean_over_seeds(law)},
                       {"share", mean_over_seeds(largest_difference)},
                       {"peak", mean_over_seeds(peak)},
                       {"order", mean_over_seeds(exponents(1))},
                       {"typical", mean_over_seeds(typical)},
                       {"bound", mean_over_seeds(excess)},
                       {"depth", mean_over_seeds(exponents(3))}},
          .blocks = {draws_chart(context.random(0)), factor_chart(), networks,
                     depth, table}};
}

const Registered<Experiment> entry{{
    .name = "gs-vanishing-gradient",
    .title = "Gumbel-Softmax at a falling temperature",
    .summary =
        "The variance of Gumbel-Softmax grows as its temperature falls, and "
        "not because estimates spread: almost all of them vanish, and what is "
        "left of the gradient comes from rare huge ones. In a deep network "
        "every layer has to be lucky.",
    .source = kShekhovtsov2021,
    .claims =
        {{.id = "typical",
          .sentence = "At a low temperature gradients of Gumbel-Softmax are "
                      "almost always next to zero and rarely huge.",
          .where = "figure 2",
          .measured = "median norm of single estimates over their root mean "
                      "square, first of three layers of ten units, t = 0.1",
          .holds = {.to = 0.1}},
         {.id = "exponential",
          .sentence = "With its noise fixed, the gradient of a unit vanishes "
                      "exponentially in 1/temperature.",
          .where = "proposition 3",
          .measured = "mean of log(t g) over -|eta - z|/t, draws with "
                      "|eta - z| > 10 t, t = 0.05",
          .holds = {0.98, 1.02}},
         {.id = "share",
          .sentence =
              "How often the gradient of a unit is large has a closed form.",
          .where = "proposition 4",
          .measured = "greatest difference of the measured share of gradients "
                      "above 0.001, 0.01, 0.1, 0.5 from it",
          .holds = {.to = 0.005}},
         {.id = "order",
          .sentence = "The share of gradients that have not vanished falls "
                      "like t log(1/t).",
          .where = "proposition 4",
          .measured = "exponent of the share above 0.01 in t log(1/(0.01 t))",
          .holds = {0.9, 1.1}},
         {.id = "peak",
          .sentence = "The rare large gradients grow like 1/temperature.",
          .where = "figure 2",
          .measured = "exponent in t of the largest gradient drawn",
          .holds = {-1.1, -0.9}},
         {.id = "bound",
          .sentence = "In a network of L layers the share that has not "
                      "vanished is at most the L-th power of a layer's.",
          .where = "proposition 4",
          .measured = "greatest excess of the measured share over the bound",
          .holds = {.to = 0}},
         {.id = "depth",
          .sentence = "Large gradients are exponentially rarer with depth.",
          .where = "proposition 4",
          .measured = "exponent of the share above 0.01 in t log(1/(0.01 t)), "
                      "three layers",
          .holds = {.from = 2.4}}},
    .cost = {.quick = 9, .normal = 160},
    .run = run,
}};

}  // namespace
}  // namespace signet

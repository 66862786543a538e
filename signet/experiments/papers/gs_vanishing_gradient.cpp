// Figure 2, Propositions 3 and 4: what one estimate of Gumbel-Softmax is at a
// falling temperature: almost always next to 0, rarely huge.

#include <algorithm>
#include <cmath>
#include <limits>

#include "signet/core/papers.h"
#include "signet/core/torch.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/papers/chain_of_bits.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/single_unit.h"
#include "signet/measure/gradients.h"

namespace signet {
namespace {

/// A gradient below this counts as vanished.
constexpr double kEpsilon = 0.01;
const std::vector<double> kTemperatures = {0.0125, 0.025, 0.05, 0.1,
                                           0.2,    0.4,   0.8};
/// Those that exponents are fitted on.
constexpr size_t kLowest = 4;
/// Where layers are compared: 0.1.
constexpr size_t kThinning = 3;
constexpr int kDeepest = 5;
/// Fewer draws than this say too little of a share.
constexpr double kLeastCount = 100;

/// t log(1/(e t)), e the threshold: what Proposition 4 has to the power of the
/// depth.
double rate(double t) { return t * std::log(1 / (kEpsilon * t)); }

/// What is above the share of gradients >= e in a chain of that many bits: none
/// of the other factors is above 1/(4t), so each must be >= e (4t)^(L-1), which
/// is most probable at log-odds 0.
double share_bound(int layers, double t) {
  return std::pow(
      large_factor_share(0, t, kEpsilon * std::pow(4 * t, layers - 1)), layers);
}

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
      const double g = logistic_density(u / t) / t;
      if (g < 1e-12) continue;
      series.x.push_back(u);
      series.y.push_back(g);
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
          "Each line keeps its noise. Dashed: exp(-|eta - z|/t)/t, which "
          "proposition 3 has for t far below |eta - z|. All but the ones whose "
          "noise happens "
          "to lie next to the threshold fall to 0 faster than any power "
          "of the temperature."};
  constexpr int kDraws = 12;
  std::vector<double> temperatures;
  for (double t = 2; t > 0.01; t /= 1.25) temperatures.push_back(t);
  std::vector<Tensor> columns;
  for (const double t : temperatures)
    columns.push_back(chain_gradients(1, t, kDraws, random));
  const auto u = random.site(0).uniform({kDraws}, at::kDouble);
  const auto distance = (kEta - torch::logit(u)).abs();
  constexpr double kLeast = 1e-20;
  for (int draw = 0; draw < kDraws; ++draw) {
    const auto label = "draw " + std::to_string(draw + 1);
    report::Series series{.label = label};
    report::Series law{.dashed = true, .of = label};
    for (size_t i = 0; i < temperatures.size(); ++i) {
      const double t = temperatures[i];
      const double g = columns[i][draw].item<double>();
      const double expected = std::exp(-distance[draw].item<double>() / t) / t;
      if (std::min(g, expected) < kLeast) break;
      series.x.push_back(t);
      series.y.push_back(g);
      law.x.push_back(t);
      law.y.push_back(expected);
    }
    chart.series.push_back(series);
    chart.series.push_back(law);
  }
  return chart;
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

report::LineChart network_chart(const ExperimentContext& context) {
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
      for (const double t : temperatures)
        rows.back().push_back(
            typical_share(layers, t, draws, context.random(seed)));
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
  std::vector<double> law, distance, excess, thinning, tiny, huge, carried;
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    const auto random = context.random(seed);
    double farthest = 0;
    double above_bound = -std::numeric_limits<double>::infinity();
    for (auto& of_depth : shares) of_depth.emplace_back();
    for (const double t : kTemperatures) {
      for (int layers = 1; layers <= kDeepest; ++layers) {
        const auto g = chain_gradients(layers, t, draws, random);
        const double share = share_above(g, kEpsilon);
        shares[layers - 1].back().push_back(share);
        if (layers > 1) {
          if (share > 0)  // nor can the bound be 0
            above_bound =
                std::max(above_bound, std::log(share / share_bound(layers, t)));
          continue;
        }
        farthest = std::max(farthest, share_distance(g, t));
        if (t != kTemperatures.front()) continue;
        const auto found = rarity(g);
        tiny.push_back(found.tiny);
        huge.push_back(found.huge);
        carried.push_back(found.carried);
      }
    }
    distance.push_back(farthest);
    excess.push_back(above_bound);
    double slowest = 0;
    for (int layers = 1; layers < kDeepest; ++layers)
      slowest = std::max(slowest, shares[layers].back()[kThinning] /
                                      shares[layers - 1].back()[kThinning]);
    thinning.push_back(slowest);
    law.push_back(exponential_law(draws, random));
    context.done(static_cast<double>(seed + 1) /
                 static_cast<double>(context.seeds));
  }
  // Empty where a seed has too few draws at three of the temperatures.
  const auto exponents = [&](int layers) {
    std::vector<double> result;
    for (const auto& row : shares[layers - 1]) {
      std::vector<double> x, y;
      for (size_t i = 0; i < kLowest; ++i) {
        if (row[i] * static_cast<double>(draws) < kLeastCount) continue;
        x.push_back(rate(kTemperatures[i]));
        y.push_back(row[i]);
      }
      if (x.size() < 3) return std::vector<double>();
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
  report::Table table{
      .title = "Exponent of that share in t log(1/(e t)), e = 0.01",
      .columns = {"layers",
                  "exponent, t from 0.0125 to 0.1, where at least "
                  "100 draws are above e"}};
  for (int layers = 1; layers <= kDeepest; ++layers) {
    const auto label =
        std::to_string(layers) + (layers == 1 ? " layer" : " layers");
    depth.series.push_back(
        curve_over_seeds(label, kTemperatures, shares[layers - 1]));
    depth.series.back().line = false;
    report::Series line{.x = kTemperatures, .dashed = true, .of = label};
    for (const double t : kTemperatures)
      line.y.push_back(layers == 1 ? large_factor_share(kEta, t, kEpsilon)
                                   : share_bound(layers, t));
    depth.series.push_back(line);
    const auto fitted = exponents(layers);
    table.rows.push_back({std::to_string(layers),
                          fitted.empty() ? "too few" : mean_text(fitted, 2)});
  }
  const auto networks = network_chart(context);
  return {.settings = {{"unit", "one bit, log-odds 0.7, loss x"},
                       {"chain", "bits, each the log-odds of the next"},
                       {"draws for each point and seed", std::to_string(draws)},
                       {"large gradient", "at least e = 0.01"},
                       {"network", "problem chain(units=10)"}},
          .measured = {{"exponential", mean_over_seeds(law)},
                       {"share", mean_over_seeds(distance)},
                       {"order", mean_over_seeds(exponents(1))},
                       {"tiny", mean_over_seeds(tiny)},
                       {"huge", mean_over_seeds(huge)},
                       {"carried", mean_over_seeds(carried)},
                       {"bound", mean_over_seeds(excess)},
                       {"depth", mean_over_seeds(thinning)}},
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
        {{.id = "tiny",
          .sentence = "At a low temperature gradients of Gumbel-Softmax are "
                      "almost always next to zero.",
          .where = "figure 2",
          .measured = "share of draws of one unit below a hundredth of the "
                      "mean gradient, t = 0.0125",
          .holds = {.from = 0.9}},
         {.id = "huge",
          .sentence =
              "At a low temperature few gradients of Gumbel-Softmax are huge.",
          .where = "figure 2",
          .measured = "share of draws above ten times the mean gradient, "
                      "t = 0.0125",
          .holds = {.to = 0.05}},
         {.id = "carried",
          .sentence = "At a low temperature the rare huge gradients of "
                      "Gumbel-Softmax make most of the mean.",
          .where = "figure 2",
          .measured = "share of the mean gradient from draws above ten times "
                      "it, t = 0.0125",
          .holds = {.from = 0.5}},
         {.id = "exponential",
          .sentence = "With its noise fixed, the gradient of a unit vanishes "
                      "exponentially in 1/temperature.",
          .where = "proposition 3",
          .measured = "slope of log(t g) in 1/t over -|eta - z|, t = 0.025, "
                      "0.05, 0.1: greatest distance from 1 of draws with "
                      "|eta - z| > 1",
          .holds = {.to = 0.02}},
         {.id = "share",
          .sentence =
              "How often the gradient of a unit is large has a closed form.",
          .where = "proposition 4",
          .measured = "greatest difference of the measured shares of "
                      "gradients above 0.001, 0.01, 0.1, 0.5 at seven "
                      "temperatures from it, standard errors",
          .holds = {.to = 4}},
         {.id = "order",
          .sentence = "The share of gradients of at least e falls like "
                      "t log(1/(e t)).",
          .where = "proposition 4",
          .measured = "exponent of the share in t log(1/(e t)), e = 0.01, t "
                      "from 0.0125 to 0.1",
          .holds = {0.9, 1.1}},
         {.id = "bound",
          .sentence = "In a chain of L bits the share of gradients of at least "
                      "e is at most P^L, P being the share of factors of at "
                      "least e (4t)^(L-1) in a bit of log-odds 0, where it is "
                      "largest.",
          .where = "derived here, after proposition 4",
          .measured = "greatest log of share over bound, e = 0.01, 2 to 5 "
                      "bits, seven temperatures",
          .holds = {.to = 0}},
         {.id = "depth",
          .sentence = "Large gradients are exponentially rarer with depth: "
                      "each further bit of a chain at least halves their "
                      "share.",
          .where = "proposition 4; the factor is ours",
          .measured = "greatest ratio of the shares above 0.01 of L + 1 and L "
                      "bits, L = 1 to 4, t = 0.1",
          .holds = {.to = 0.5}}},
    .on_images = false,
    .cost = {.quick = 9, .normal = 160},
    .run = run,
}};

}  // namespace
}  // namespace signet

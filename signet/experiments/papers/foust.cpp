// Propositions 9 and 10 and Taylor discounting: the parts of FouST, one by one,
// and the whole against straight-through at the same cost.

#include <algorithm>
#include <cmath>
#include <map>

#include "signet/core/papers.h"
#include "signet/core/torch.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/temperature_sweep.h"
#include "signet/measure/measurement.h"

namespace signet {
namespace {

constexpr double kP = 0.8;
constexpr int kSamples = 4;
const std::vector<double> kKeep = {0, 0.25, 0.5, 0.75, 0.9, 1};
const std::vector<double> kScales = {1, 2, 4, 8, 16, 32};
const std::vector<double> kFrom = {0, 0.25, 0.5, 0.75, 1};

const UnitLoss& loss() { return exponential_loss(); }

SingleUnit unit() { return sign_at(kP, loss().value); }

/// Sample moments, in p.
UnitMoments sampled_moments(const std::string& estimator, int64_t n,
                            const Random& random) {
  const auto in_p = draw_gradients(estimator, unit(), n, random).gradient /
                    (2 * kP * (1 - kP));
  return {in_p.mean().item<double>(), in_p.square().mean().item<double>()};
}

std::string noise_operator(double keep, int samples) {
  return "fourier(estimator=st, samples=" + std::to_string(samples) +
         ", keep=" + number_text(keep) + ")";
}

/// Of S samples, over the variance of one.
double shared_variance(double keep, int samples) {
  return (1 + (samples - 1) * keep * keep) / samples;
}

/// Values of several seeds under the names of the claims that they decide.
using BySeed = std::map<std::string, std::vector<double>>;

/// Proposition 9.
report::LineChart noise_chart(const ExperimentContext& context, int64_t draws,
                              BySeed& by_seed) {
  report::LineChart chart{
      .title = "Proposition 9: variance of samples that share noise",
      .x_label = "probability that a unit keeps its noise",
      .y_label = "variance / variance of one sample",
      .note =
          "Straight-through. Markers: measured. Dashed: (1 + (S-1) rho^2)/S. "
          "Independent samples are the points at 0: sharing noise only costs."};
  const auto one = two_point_moments("st", unit());
  by_seed["mean"].resize(context.seeds);
  by_seed["variance"].resize(context.seeds);
  for (const int samples : {2, kSamples}) {
    std::vector<std::vector<double>> rows;
    for (int64_t seed = 0; seed < context.seeds; ++seed) {
      rows.emplace_back();
      const auto random = context.random(seed);
      for (const double keep : kKeep) {
        const auto found =
            sampled_moments(noise_operator(keep, samples), draws, random);
        const double variance = found.variance() / one.variance();
        rows.back().push_back(variance);
        auto& mean_difference = by_seed["mean"][seed];
        mean_difference =
            std::max(mean_difference, std::abs(found.mean / one.mean - 1));
        auto& difference = by_seed["variance"][seed];
        difference =
            std::max(difference,
                     std::abs(variance / shared_variance(keep, samples) - 1));
        if (samples != kSamples || keep != 0.5) continue;
        const auto independent = sampled_moments(
            "averaged(estimator=st, samples=" + std::to_string(kSamples) + ")",
            draws, random.branch(1));
        by_seed["independent"].push_back(found.variance() /
                                         independent.variance());
      }
    }
    add_with_theory(
        chart, "S = " + std::to_string(samples), kKeep, rows,
        [&](double keep) { return shared_variance(keep, samples); });
  }
  return chart;
}

/// Taylor discounting of one unit.
report::LineChart discount_chart(const ExperimentContext& context,
                                 int64_t draws, BySeed& by_seed) {
  const double truth = loss().at(1) - loss().at(-1);
  std::vector<std::vector<double>> rows;
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    rows.emplace_back();
    for (const double from : kFrom)
      rows.back().push_back(
          sampled_moments("relaxed-darn(from=" + number_text(from) + ")", draws,
                          context.random(seed).branch(2))
                  .mean /
              truth -
          1);
    by_seed["discount"].push_back(rows.back()[0] + 1);
  }
  report::LineChart chart{
      .title = "Taylor discounting: bias of one unit",
      .x_label = "a of u ~ U[a, 1]",
      .y_label = "bias / gradient",
      .note =
          "DARN at a random point between the middle and the drawn state. "
          "Dashed: theory. From 0 it integrates the derivative exactly; "
          "at 1 it is DARN."};
  add_with_theory(chart, "relaxed-darn", kFrom, rows, [&](double from) {
    if (from == 1)
      return (loss().derivative(1) + loss().derivative(-1)) / truth - 1;
    return (loss().at(1) - loss().at(from) + loss().at(-from) - loss().at(-1)) /
               (1 - from) / truth -
           1;
  });
  return chart;
}

struct Rescaling {
  report::LineChart chart;
  double limit_ratio;  ///< c (relative bias) at the largest c over its limit
  double gradient_exponent;  ///< of the rescaled network's gradient, in c
};

/// Proposition 10.
Rescaling rescaling() {
  report::Series own{.label = "against its own target, the rescaled network"};
  report::Series original{.label = "against the network as it is"};
  const double truth = loss().at(1) - loss().at(-1);
  std::vector<double> targets;
  for (const double c : kScales) {
    const double mean =
        two_point_moments("rescaled(scale=" + number_text(c) + ")", unit())
            .mean;
    targets.push_back(loss().at(1 / c) - loss().at(-1 / c));
    own.x.push_back(c);
    own.y.push_back(std::abs(mean / targets.back() - 1));
    original.x.push_back(c);
    original.y.push_back(std::abs(mean / truth - 1));
  }
  // (2p - 1) L''(0) / L'(0) = (2p - 1) 1.3
  const double limit = (2 * kP - 1) * 1.3;
  report::Series line{.x = kScales, .dashed = true, .of = own.label};
  for (const double c : kScales) line.y.push_back(limit / c);
  return {
      {.title = "Proposition 10: straight-through on units of size 1/c",
       .x_label = "c",
       .y_label = "|bias| / gradient",
       .series = {own, line, original},
       .log_x = true,
       .log_y = true,
       .note = "Dashed: (2p-1) L''(0) / (c L'(0)). The bias that falls is "
               "that against the gradient of another network, which says "
               "less and less: against the original one all of the gradient is "
               "lost."},
      own.y.back() * kScales.back() / limit,
      fitted_exponent(kScales, targets)};
}

/// Every part in networks of three layers of four units, against the exact
/// gradient; a network a seed.
report::Table deep_table(const ExperimentContext& context, int64_t samples,
                         BySeed& by_seed) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"straight-through", "st"},
      {"DARN", "darn"},
      {"Taylor discounting, u ~ U[0, 1]", "relaxed-darn(from=0)"},
      {"Taylor discounting, u ~ U[1/2, 1]", "relaxed-darn(from=0.5)"},
      {"rescaling, c = 2", "rescaled(scale=2)"},
      {"noise operator, S = 4, rho = 1/2", "fourier(samples=4, keep=0.5)"},
      {"four independent samples of ST", "averaged(samples=4)"},
      {"FouST, S = 4, rho = 1/2, c = 2, u ~ U[1/2, 1]",
       "foust(samples=4, keep=0.5, scale=2, from=0.5)"},
      {"four independent samples of DARN",
       "averaged(estimator=darn, samples=4)"}};
  std::vector<std::string> names;
  for (const auto& row : rows) names.push_back(row.second);
  std::vector<std::vector<double>> bias(rows.size()), deviation(rows.size()),
      error(rows.size());
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    const auto problem = make_problem(
        "chain(layers=3, units=4, seed=" + std::to_string(seed + 1) + ")");
    const auto measured =
        measure(problem, reference_gradient(problem, {}), names,
                {.samples = samples, .random = context.random(seed)});
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto& all = measured.estimators[i].groups[0];
      bias[i].push_back(all.relative(all.bias));
      deviation[i].push_back(all.relative(std::sqrt(all.variance)));
      error[i].push_back(all.means[0].rmse);
    }
    context.done(0.4 + 0.6 * static_cast<double>(seed + 1) /
                           static_cast<double>(context.seeds));
  }
  by_seed["relaxed-deep"] = bias[2];
  by_seed["darn-deep"] = bias[1];
  report::Table table{
      .title =
          "In a network: chain of three layers of four units, relative to "
          "the exact gradient",
      .columns = {"estimator", "passes", "bias", "deviation of one estimate",
                  "RMSE of one estimate"}};
  for (size_t i = 0; i < rows.size(); ++i)
    table.rows.push_back(
        {rows[i].first,
         names[i].find("samples=4") == std::string::npos ? "1" : "4",
         mean_text(bias[i], 3), mean_text(deviation[i], 3),
         mean_text(error[i], 3)});
  return table;
}

Findings run(const ExperimentContext& context) {
  const int64_t draws = context.pick(int64_t{1} << 17, int64_t{1} << 20);
  const int64_t samples = context.pick(20000, 200000);
  BySeed by_seed;
  const auto noise = noise_chart(context, draws, by_seed);
  context.done(0.3);
  const auto discount = discount_chart(context, draws, by_seed);
  context.done(0.4);
  const auto scale = rescaling();
  const auto deep = deep_table(context, samples, by_seed);
  Findings findings{
      .settings = {{"unit", "one sign, p = 0.8, loss exp(1.3x)"},
                   {"draws for each point and seed", std::to_string(draws)},
                   {"network",
                    "problem chain(layers=3, units=4), another for "
                    "each seed; " +
                        std::to_string(samples) + " estimates"}},
      .measured = {{"limit", computed(scale.limit_ratio)},
                   {"target", computed(scale.gradient_exponent)},
                   {"network", paired_difference(by_seed["relaxed-deep"],
                                                 by_seed["darn-deep"])}},
      .differs =
          "FouST's own constants are not published with code; the values "
          "here are ours.",
      .blocks = {noise, scale.chart, discount, deep}};
  for (const char* id : {"mean", "variance", "independent", "discount"})
    findings.measured[id] = mean_over_seeds(by_seed[id]);
  return findings;
}

const Registered<Experiment> entry{{
    .name = "foust",
    .title = "FouST, part by part",
    .summary =
        "FouST composes importance reweighting with a noise operator, "
        "rescaled units and Taylor discounting. Each part is measured alone: "
        "what it does to bias and variance, and whether as many independent "
        "samples would do better.",
    .source = kShekhovtsov2021,
    .claims =
        {{.id = "mean",
          .sentence = "Averaging over the noise operator changes nothing in "
                      "the mean, so nothing in the bias.",
          .where = "proposition 9",
          .measured = "greatest relative difference of the mean from that of "
                      "ST, S = 2 and 4, six rho from 0 to 1",
          .holds = {.to = 0.01}},
         {.id = "variance",
          .sentence = "The variance of S samples of the noise operator "
                      "is V/S (1 + (S-1) rho^2).",
          .where = "proposition 9",
          .measured = "greatest relative difference of the variance from "
                      "that, ST, S = 2 and 4, six rho from 0 to 1",
          .holds = {.to = 0.03}},
         {.id = "independent",
          .sentence = "Independent samples of the same number have less "
                      "variance.",
          .where = "proposition 9",
          .measured = "variance over that of 4 independent samples, S = 4, "
                      "rho = 1/2",
          .holds = {.from = 1}},
         {.id = "limit",
          .sentence = "On units of size 1/c the relative bias of "
                      "straight-through falls like (2p-1) L''(0) / (c L'(0)).",
          .where = "proposition 10",
          .measured = "relative bias over that at c = 32",
          .holds = {0.95, 1.05}},
         {.id = "target",
          .sentence = "The gradient on rescaled units is that of another "
                      "network, and vanishes like 1/c.",
          .where = "section on FouST",
          .measured = "exponent of L(1/c) - L(-1/c) in c, from 1 to 32",
          .holds = {-1.1, -0.9}},
         {.id = "discount",
          .sentence = "Taylor discounting over u ~ U[0, 1] is unbiased for the "
                      "unit itself.",
          .where = "section on FouST",
          .measured = "mean over the gradient",
          .holds = {0.99, 1.01}},
         {.id = "network",
          .sentence = "In a network Taylor discounting has more bias "
                      "than DARN, as other units see relaxed values.",
          .where = "section on FouST",
          .measured = "relative bias minus that of DARN, three layers",
          .holds = {.from = 0}}},
    .on_images = false,
    .cost = {.quick = 2, .normal = 25},
    .run = run,
}};

}  // namespace
}  // namespace signet

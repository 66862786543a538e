// Proposition 8, Example 1 and quadratics: DARN against straight-through, for
// one {-1, +1} unit and for a layer. All by exact sums over states.

#include <algorithm>
#include <cmath>

#include "signet/base/number.h"
#include "signet/core/papers.h"
#include "signet/core/torch.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/single_unit.h"
#include "signet/measure/gradients.h"
#include "signet/measure/reference.h"

namespace signet {
namespace {

/// exp(1.3x), on signs.
double derivative(double x) { return exponential_loss().derivative(x); }

struct Curves {
  report::Series mean, variance;
};

double log_odds(double p) { return std::log(p / (1 - p)); }

/// Of an estimator in p, over the log-odds of p. The unit of the y axis is
/// divided by `scale`.
Curves curves(const std::string& estimator, const std::vector<double>& p,
              const Noise::Function& loss, double scale) {
  Curves result;
  for (auto* series : {&result.mean, &result.variance})
    *series = {.label = estimator, .line = false};
  for (const double at : p) {
    for (auto* series : {&result.mean, &result.variance})
      series->x.push_back(log_odds(at));
    const auto moments = two_point_moments(estimator, sign_at(at, loss));
    result.mean.y.push_back(moments.mean / scale);
    result.variance.y.push_back(moments.variance() / (scale * scale));
  }
  return result;
}

report::Series theory(const report::Series& of, double (*value)(double p)) {
  report::Series line{.x = of.x, .dashed = true, .of = of.label};
  for (const double eta : of.x) line.y.push_back(value(sigmoid(eta)));
  return line;
}

double darn_variance(double p) {
  return std::pow((1 - p) * derivative(1) - p * derivative(-1), 2) /
         (p * (1 - p));
}

double st_variance(double p) {
  return 4 * p * (1 - p) * std::pow(derivative(1) - derivative(-1), 2);
}

/// |E g - gradient| / |gradient| in the logits of three units under a
/// quadratic loss with products of units, by sums over the eight states.
double quadratic_bias(const std::string& estimator) {
  constexpr int64_t kUnits = 3, kDraws = 1 << 14;
  const Random random(7);
  const auto number = [&](uint32_t site, at::IntArrayRef shape) {
    return random.site(site).uniform(shape, at::kDouble) * 2 - 1;
  };
  const auto b = number(10, {kUnits}), W = number(11, {kUnits, kUnits});
  const Problem problem{
      .name = "quadratic of three units",
      .groups = {{"logits", {number(12, {kUnits})}}},
      .loss = [=](const std::vector<Tensor>& p, Sampler& sampler) {
        const auto x = sampler.draw(p[0], {});
        return (x * b).sum(-1) + (torch::matmul(x, W) * x).sum(-1);
      }};
  const auto a = all_parameters(problem)[0];
  const auto p = logistic_noise().cdf(a);
  const auto g =
      sample_gradients(BoundEstimator(estimator), problem, kDraws, random)
          .gradients;
  const auto high = random.site(0).uniform({kDraws, kUnits}, at::kDouble) < p;
  auto mean = torch::zeros_like(a);
  for (int64_t state = 0; state < 1 << kUnits; ++state) {
    auto is_state = torch::ones({kDraws}, at::kBool);
    double share = 1;
    for (int64_t i = 0; i < kUnits; ++i) {
      const bool up = state >> i & 1;
      const double up_share = p[i].item<double>();
      share *= up ? up_share : 1 - up_share;
      is_state = is_state.logical_and(high.select(1, i) == up);
    }
    mean +=
        share *
        g.index_select(0, is_state.nonzero().flatten()[0].view(1)).squeeze(0);
  }
  const auto truth =
      torch::tensor(reference_gradient(problem, {}).gradient, at::kDouble);
  return ((mean - truth).norm() / truth.norm()).item<double>();
}

/// Example 1 in mu = 2p - 1: |x + c|.
report::LineChart example_chart(double c, const std::vector<double>& p) {
  const auto loss = [c](const Tensor& x) { return (x + c).abs(); };
  report::LineChart chart{
      .title = "Example 1: |x + " + number_text(c) + "|",
      .x_label = "log-odds of p",
      .y_label = "mean of the estimate in mu",
      .note =
          "The trapezoid rule of DARN sees slopes -1 and 1 and says 0 for "
          "every p. Straight-through is right where the probable state is, "
          "and crosses the truth at p = 0.95, log-odds 2.9."};
  for (const std::string estimator : {"st", "darn"}) {
    auto series = curves(estimator, p, loss, 2).mean;
    series.line = true;
    chart.series.push_back(series);
  }
  chart.series.push_back({.label = "truth",
                          .x = {log_odds(p.front()), log_odds(p.back())},
                          .y = {std::min(c, 1.0), std::min(c, 1.0)},
                          .dashed = true});
  return chart;
}

Findings run(const ExperimentContext&) {
  std::vector<double> p;
  for (double eta = -6.9; eta < 6.95; eta += 0.3) p.push_back(sigmoid(eta));
  const auto st = curves("st", p, exponential_loss().value, 1);
  const auto darn = curves("darn", p, exponential_loss().value, 1);
  report::LineChart variance{
      .title = "Proposition 8: variance",
      .x_label = "log-odds of p",
      .y_label = "variance of one estimate in p",
      .log_y = true,
      .note =
          "Loss exp(1.3x). That of DARN grows like 1/p towards 0 and like "
          "1/(1-p) towards 1, and vanishes where its two values are "
          "equal; that of straight-through vanishes at both ends."};
  variance.series = {st.variance, theory(st.variance, st_variance),
                     darn.variance, theory(darn.variance, darn_variance)};
  report::LineChart mean{
      .title = "Mean",
      .x_label = "log-odds of p",
      .y_label = "mean in p",
      .note =
          "DARN's mean is the trapezoid rule, whatever p; "
          "straight-through's runs between twice the two slopes."};
  mean.series = {
      st.mean,
      theory(st.mean,
             [](double at) {
               return 2 * (at * derivative(1) + (1 - at) * derivative(-1));
             }),
      darn.mean,
      theory(darn.mean, [](double) { return derivative(1) + derivative(-1); })};
  const double truth = std::exp(1.3) - std::exp(-1.3);
  mean.series.push_back({.label = "truth",
                         .x = {log_odds(p.front()), log_odds(p.back())},
                         .y = {truth, truth},
                         .dashed = true});

  double variance_difference = 0;
  for (size_t i = 0; i < p.size(); ++i)
    variance_difference =
        std::max(variance_difference,
                 std::abs(darn.variance.y[i] / darn_variance(p[i]) - 1));
  const auto variance_at = [](double at, const char* estimator) {
    return two_point_moments(estimator, sign_at(at, exponential_loss().value))
        .variance();
  };
  // Near enough to the limits: relative to one, the next order is 27 times the
  // distance of p, as L'(1) = 13.5 L'(-1).
  const double end = 1e-5, rare = 1e-3;
  const double asymptote = std::max(
      std::abs(variance_at(end, "darn") * end / std::pow(derivative(1), 2) - 1),
      std::abs(variance_at(1 - end, "darn") * end /
                   std::pow(derivative(-1), 2) -
               1));
  const auto ratio_at = [&](double at) {
    return variance_at(at, "darn") / variance_at(at, "st");
  };
  const auto example_bias = [](const char* estimator) {
    const auto loss = [](const Tensor& x) { return (x + 0.9).abs(); };
    return std::abs(two_point_moments(estimator, sign_at(0.95, loss)).mean / 2 -
                    0.9);
  };
  report::Table quadratics{
      .title = "Relative bias for a quadratic of three units",
      .columns = {"estimator", "|mean - gradient| / |gradient|"}};
  for (const std::string estimator : {"darn", "st"}) {
    quadratics.rows.push_back(
        {estimator, general_text(quadratic_bias(estimator), 3)});
  }
  return {.settings = {{"unit",
                        "one sign under exp(1.3x), p from 0.001 to "
                        "0.999"},
                       {"moments",
                        "exact sums over the states of the "
                        "library's own estimates"}},
          .measured = {{"variance", computed(variance_difference)},
                       {"asymptote", computed(asymptote)},
                       {"rare",
                        computed(std::min(ratio_at(rare), ratio_at(1 - rare)))},
                       {"quadratic", computed(quadratic_bias("darn"))},
                       {"example",
                        computed(example_bias("darn") - example_bias("st"))}},
          .blocks = {variance, mean, example_chart(0.9, p), quadratics}};
}

const Registered<Experiment> entry{{
    .name = "darn-bias-variance",
    .title = "DARN: exact for quadratics, at the price of variance",
    .summary =
        "DARN divides the derivative by the probability of the drawn state. "
        "Its mean is the trapezoid rule, exact for quadratic losses; its "
        "variance is large where one state is rare, and for a loss with a kink "
        "straight-through can have the smaller bias.",
    .source = kShekhovtsov2021,
    .claims = {{.id = "variance",
                .sentence = "The variance of DARN has a closed form.",
                .where = "proposition 8",
                .measured = "greatest relative difference from ((1-p)L'(1) - "
                            "pL'(-1))^2 / (p(1-p))",
                .holds = {.to = 1e-6}},
               {.id = "asymptote",
                .sentence = "The variance of DARN tends to L'(1)^2/p as p goes "
                            "to 0, to L'(-1)^2/(1-p) as p goes to 1.",
                .where = "proposition 8",
                .measured = "greatest relative difference at p = 0.00001 and "
                            "0.99999",
                .holds = {.to = 0.01}},
               {.id = "rare",
                .sentence = "The variance of DARN is larger than that of "
                            "straight-through where a state is rare.",
                .where = "derived here, from proposition 8",
                .measured = "ratio of the variances, the smaller of those at "
                            "p = 0.001 and 0.999",
                .holds = {.from = 1}},
               {.id = "quadratic",
                .sentence = "DARN is unbiased for quadratic functions, also of "
                            "several units with products.",
                .where = "section on DARN",
                .measured = "relative bias in the logits of three units",
                .holds = {.to = 1e-6}},
               {.id = "example",
                .sentence = "There are losses where DARN has more bias than "
                            "straight-through.",
                .where = "example 1",
                .measured =
                    "|bias| of DARN minus |bias| of straight-through in mu, "
                    "|x + 0.9|, p = 0.95",
                .holds = {.from = 0.01}}},
    .on_images = false,
    .cost = {.quick = 0.5, .normal = 0.5},
    .run = run,
}};

}  // namespace
}  // namespace signet

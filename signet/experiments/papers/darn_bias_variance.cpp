// Proposition 8, Example 1 and quadratics: DARN against straight-through, for
// one {-1, +1} unit and for a layer. All by exact sums over states.

#include <algorithm>
#include <cmath>
#include <cstdio>

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

/// Of an estimator in p, over p. The unit of the y axis is divided by `scale`.
Curves curves(const std::string& estimator, const std::vector<double>& p,
              const Noise::Function& loss, double scale) {
  Curves result;
  for (auto* series : {&result.mean, &result.variance})
    *series = {.label = estimator, .x = p, .line = false};
  for (const double at : p) {
    const auto moments = two_point_moments(estimator, sign_at(at, loss));
    result.mean.y.push_back(moments.mean / scale);
    result.variance.y.push_back(moments.variance() / (scale * scale));
  }
  return result;
}

report::Series theory(const report::Series& of, double (*value)(double p)) {
  report::Series line{.x = of.x, .dashed = true, .of = of.label};
  for (const double p : of.x) line.y.push_back(value(p));
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
  const auto truth = torch::tensor(reference_gradient(problem, {}).gradient);
  return ((mean - truth).norm() / truth.norm()).item<double>();
}

/// Example 1 in mu = 2p - 1: |x + c|.
report::LineChart example_chart(double c, const std::vector<double>& p) {
  const auto loss = [c](const Tensor& x) { return (x + c).abs(); };
  report::LineChart chart{
      .title = "Example 1: |x + " + number_text(c) + "|",
      .x_label = "p",
      .y_label = "mean of the estimate in mu",
      .note =
          "The trapezoid rule of DARN sees slopes -1 and 1 and says 0 for "
          "every p. Straight-through is right where the probable state is, "
          "and crosses the truth at p = 0.95."};
  for (const std::string estimator : {"st", "darn"}) {
    auto series = curves(estimator, p, loss, 2).mean;
    series.line = true;
    chart.series.push_back(series);
  }
  chart.series.push_back({.label = "truth",
                          .x = {p.front(), p.back()},
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
      .title = "Proposition 8: variance over p",
      .x_label = "p",
      .y_label = "variance of one estimate in p",
      .log_y = true,
      .note =
          "Loss exp(1.3x). That of DARN grows like 1/p towards 0 and like "
          "1/(1-p) towards 1, and vanishes where its two values are "
          "equal; that of straight-through vanishes at both ends."};
  variance.series = {st.variance, theory(st.variance, st_variance),
                     darn.variance, theory(darn.variance, darn_variance)};
  report::LineChart mean{
      .title = "Mean over p",
      .x_label = "p",
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
                         .x = {p.front(), p.back()},
                         .y = {truth, truth},
                         .dashed = true});

  double variance_difference = 0;
  for (size_t i = 0; i < p.size(); ++i)
    variance_difference =
        std::max(variance_difference,
                 std::abs(darn.variance.y[i] / darn_variance(p[i]) - 1));
  const double rare = 1e-3;
  const auto at_rare = [&](const char* estimator) {
    return two_point_moments(estimator, sign_at(rare, exponential_loss().value))
        .variance();
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
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", quadratic_bias(estimator));
    quadratics.rows.push_back({estimator, text});
  }
  return {.settings = {{"unit",
                        "one sign under exp(1.3x), p from 0.001 to "
                        "0.999"},
                       {"moments",
                        "exact sums over the states of the "
                        "library's own estimates"}},
          .measured = {{"variance", computed(variance_difference)},
                       {"asymptote", computed(at_rare("darn") * rare /
                                              std::pow(derivative(1), 2))},
                       {"rare", computed(at_rare("darn") / at_rare("st"))},
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
                            "to 0.",
                .where = "proposition 8",
                .measured = "variance over that at p = 0.001",
                .holds = {0.99, 1.01}},
               {.id = "rare",
                .sentence = "The variance of DARN is larger than that of "
                            "straight-through where a state is rare.",
                .where = "proposition 8",
                .measured = "ratio of the variances at p = 0.001",
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
    .cost = {.quick = 0.1, .normal = 0.1},
    .run = run,
}};

}  // namespace
}  // namespace signet

// Propositions 1 and 2: bias and variance of Gumbel-Softmax over its
// temperature, for one {0, 1} unit.

#include <cmath>

#include "signet/core/papers.h"
#include "signet/experiments/experiment.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/temperature_sweep.h"

namespace signet {
namespace {

constexpr double kEta = 0.7;
const std::vector<double> kTemperatures = {0.01, 0.02, 0.04, 0.08,
                                           0.16, 0.32, 0.64, 1.28};
/// The exponent of the variance is that between the lowest two.
constexpr size_t kLowest = 2;

/// The limit of the exponent of each row: between neighbouring temperatures it
/// is s = k + c t + O(t^2) by the next order of the expansion, and twice the
/// first less the second has no c.
std::vector<double> limit_exponents(
    const std::vector<std::vector<double>>& rows) {
  std::vector<double> result;
  for (const auto& row : rows) {
    const auto between = [&](size_t i) {
      return std::log(row[i + 1] / row[i]) /
             std::log(kTemperatures[i + 1] / kTemperatures[i]);
    };
    result.push_back(2 * between(0) - between(1));
  }
  return result;
}

/// What the propositions say of one loss at log-odds eta.
struct Expansion {
  double truth, c1, c2;  ///< bias = c1 t + c2 t^2 + O(t^3)
  double A, A1;          ///< E g^2 = A / t + A1 + O(t)

  double bias(double t) const { return c1 * t + c2 * t * t; }
  double constant() const { return A1 - truth * truth; }
  double variance(double t) const { return A / t + constant(); }
};

Expansion expansion(const UnitLoss& loss, double eta) {
  const double q = logistic_density(eta), odd = std::tanh(eta / 2);
  const auto first = [&](int power) {
    return unit_integral([&](double v, double t) {
      return loss.derivative(v) * std::pow(t, power);
    });
  };
  const auto second = [&](int power) {
    return unit_integral([&](double v, double t) {
      return std::pow(loss.derivative(v), 2) * logistic_density(t) *
             std::pow(t, power);
    });
  };
  return {.truth = loss.at(1) - loss.at(0),
          .c1 = odd * first(1),
          .c2 = (1 - 6 * q) / 2 * first(2),
          .A = second(0) / q,
          .A1 = odd * second(1) / q};
}

Findings run(const ExperimentContext& context) {
  const int64_t draws = context.pick(int64_t{1} << 17, int64_t{1} << 20);
  report::LineChart bias{
      .title = "Proposition 1: bias of the gradient in p",
      .x_label = "temperature",
      .y_label = "|bias|",
      .log_x = true,
      .log_y = true,
      .note =
          "Markers: measured. Dashed: the first two orders in the "
          "temperature, which hold below about 0.2. The line of 3x + 1 is "
          "steeper: a linear loss leaves only the second order."};
  report::LineChart variance{.title = "Proposition 2: variance",
                             .x_label = "temperature",
                             .y_label = "variance of one estimate",
                             .log_x = true,
                             .log_y = true,
                             .note = "Dashed: A/t + A1 - (L(1) - L(0))^2."};
  Findings findings{
      .settings = {{"unit", "one bit, log-odds 0.7, p = 0.668; also p = 1/2"},
                   {"draws of the estimator for each point",
                    std::to_string(draws) +
                        ", summed by the trapezoid rule over the uniform "
                        "number that drew each"},
                   {"exponents of biases",
                    "s being that between two temperatures: 2 s(0.01, 0.02) - "
                    "s(0.02, 0.04), which leaves out the next order"},
                   {"exponent of the variance", "between 0.01 and 0.02"}}};
  const double p = sigmoid(kEta), pq = logistic_density(kEta);
  double done = 0;
  for (const auto& loss : unit_losses()) {
    const auto formula = expansion(loss, kEta);
    const auto found = sweep_temperatures(context, "gumbel", bit_at(kEta, loss),
                                          kTemperatures, draws);
    const auto sizes = found.distance(formula.truth);
    add_with_theory(bias, loss.name, kTemperatures, sizes,
                    [&](double t) { return std::abs(formula.bias(t)); });
    add_with_theory(variance, loss.name, kTemperatures, found.variance,
                    [&](double t) { return formula.variance(t); });
    if (&loss == &exponential_loss()) {
      findings.measured["bias-order"] = mean_over_seeds(limit_exponents(sizes));
      findings.measured["bias-coefficient"] = mean_over_seeds(
          first_of(sizes, 1 / std::abs(formula.bias(kTemperatures[0]))));
      findings.measured["variance-order"] =
          mean_over_seeds(exponents_of(kTemperatures, found.variance, kLowest));
      // Without A/t the constant and O(t) are left; the temperatures double,
      // so twice the first less the second leaves out O(t).
      std::vector<double> constants;
      for (const auto& row : found.variance) {
        const auto rest = [&](size_t i) {
          return row[i] - formula.A / kTemperatures[i];
        };
        constants.push_back((2 * rest(0) - rest(1)) / formula.constant());
      }
      findings.measured["variance-next"] = mean_over_seeds(constants);
    }
    if (&loss == &linear_loss()) {
      findings.measured["linear-order"] =
          mean_over_seeds(limit_exponents(sizes));
      findings.measured["variance-constant"] = mean_over_seeds(
          first_of(found.variance, 6 * p * (1 - p) / 9 * kTemperatures[0]));
    }
    context.done(done += 1.0 / 6);
  }
  const auto even = sweep_temperatures(
      context, "gumbel", bit_at(0, exponential_loss()), kTemperatures, draws);
  const auto formula = expansion(exponential_loss(), kEta);
  const auto even_formula = expansion(exponential_loss(), 0);
  const auto even_sizes = even.distance(formula.truth);
  findings.measured["even-order"] =
      mean_over_seeds(limit_exponents(even_sizes));
  add_with_theory(bias, "exp(1.3x) at p = 1/2", kTemperatures, even_sizes,
                  [&](double t) { return std::abs(even_formula.bias(t)); });
  report::LineChart tradeoff{
      .title = "The trade-off: error of the mean of N estimates",
      .x_label = "temperature",
      .y_label = "sqrt(bias^2 + variance/N) / gradient",
      .log_x = true,
      .log_y = true,
      .note =
          "exp(1.3x), by quadrature. The best temperature falls only "
          "slowly with N, and no temperature is good for both."};
  for (const double n : {1.0, 100.0, 10000.0}) {
    report::Series series{.label = "N = " + number_text(n)};
    for (double t = 0.005; t < 4; t *= 1.15) {
      const auto moment = [&](int power) {
        return unit_integral([&](double v, double x) {
                 return std::pow(exponential_loss().derivative(v), power) *
                        std::pow(logistic_density(x) / t, power - 1) *
                        logistic_density(kEta - t * x);
               }) /
               std::pow(pq, power);
      };
      const double mean = moment(1), square = moment(2);
      series.x.push_back(t);
      series.y.push_back(std::sqrt(std::pow(mean - formula.truth, 2) +
                                   (square - mean * mean) / n) /
                         formula.truth);
    }
    tradeoff.series.push_back(series);
  }
  findings.blocks = {bias, variance, tradeoff};
  return findings;
}

const Registered<Experiment> entry{{
    .name = "gumbel-softmax-bias-variance",
    .title = "Gumbel-Softmax: bias against variance",
    .summary =
        "Gumbel-Softmax replaces a unit by a sigmoid of steepness 1/t. Falling "
        "temperature t buys less bias with more variance; the propositions "
        "give both to leading orders, and the estimator is held against them.",
    .source = kShekhovtsov2021,
    .claims =
        {{.id = "bias-order",
          .sentence = "The bias of Gumbel-Softmax falls in proportion to the "
                      "temperature as it goes to 0.",
          .where = "proposition 1",
          .measured = "exponent of |bias| in t as t goes to 0, loss exp(1.3x)",
          .holds = {0.9, 1.1}},
         {.id = "bias-coefficient",
          .sentence = "The size of that bias is that of its expansion in the "
                      "temperature.",
          .where = "proposition 1",
          .measured = "bias over its first two orders at t = 0.01, loss "
                      "exp(1.3x)",
          .holds = {0.95, 1.05}},
         {.id = "linear-order",
          .sentence = "For a linear loss the bias of Gumbel-Softmax is of the "
                      "second order in the temperature.",
          .where = "proposition 1",
          .measured = "exponent of |bias| in t as t goes to 0, loss 3x + 1",
          .holds = {1.8, 2.2}},
         {.id = "even-order",
          .sentence =
              "At p = 1/2 the bias is of the second order for every loss.",
          .where = "proposition 1",
          .measured =
              "exponent of |bias| in t as t goes to 0, loss exp(1.3x), p = 1/2",
          .holds = {1.8, 2.2}},
         {.id = "variance-order",
          .sentence = "The variance of Gumbel-Softmax grows in proportion to "
                      "1/temperature as it goes to 0.",
          .where = "proposition 2",
          .measured = "exponent of the variance in t, loss exp(1.3x)",
          .holds = {-1.1, -0.9}},
         {.id = "variance-constant",
          .sentence = "For a linear loss cx the variance tends to "
                      "c^2 / (6 p(1-p) t).",
          .where = "proposition 2",
          .measured = "variance over that at t = 0.01, loss 3x + 1",
          .holds = {0.95, 1.05}},
         {.id = "variance-next",
          .sentence = "For other losses too the variance is A/t + A1 - (L(1) - "
                      "L(0))^2 + O(t), with A and A1 integrals of the loss.",
          .where = "proposition 2",
          .measured = "variance less A/t over A1 - (L(1) - L(0))^2, as t goes "
                      "to 0 from 0.02 and 0.01, loss exp(1.3x)",
          .holds = {0.9, 1.1}}},
    .on_images = false,
    .cost = {.quick = 3, .normal = 40},
    .run = run,
}};

}  // namespace
}  // namespace signet

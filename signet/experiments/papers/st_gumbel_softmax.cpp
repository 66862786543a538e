// Proposition 5: mean and variance of straight-through Gumbel-Softmax over its
// temperature, for one {0, 1} unit.

#include <algorithm>
#include <cmath>

#include "signet/core/papers.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/temperature_sweep.h"

namespace signet {
namespace {

constexpr double kEta = 0.7;
const std::vector<double> kTemperatures = {0.01, 0.02, 0.04, 0.08,
                                           0.16, 0.32, 0.64, 1.28};
/// Exponents are of the limit t -> 0: between the lowest two.
constexpr size_t kLowest = 2;

/// E g = c0 + c1 t + c2 t^2 + O(t^3), V = A / t + O(1)
struct Expansion {
  double c0, c1, c2, A;

  double mean(double t) const { return c0 + c1 * t + c2 * t * t; }
};

Expansion expansion(const UnitLoss& loss) {
  const double at0 = loss.derivative(0), at1 = loss.derivative(1);
  const double q = logistic_density(kEta), pi = std::acos(-1);
  return {.c0 = (at0 + at1) / 2,
          .c1 = std::tanh(kEta / 2) * std::log(2) * (at1 - at0),
          .c2 = (1 - 6 * q) * pi * pi / 12 * (at0 + at1),
          .A = (at0 * at0 + at1 * at1) / (12 * q)};
}

Findings run(const ExperimentContext& context) {
  const int64_t draws = context.pick(int64_t{1} << 19, int64_t{1} << 21);
  report::LineChart to_darn{
      .title = "Proposition 5: distance of the mean from that of DARN",
      .x_label = "temperature",
      .y_label = "|mean - (L'(0) + L'(1))/2|",
      .log_x = true,
      .log_y = true,
      .note =
          "Markers: measured. Dashed: the first two orders. The mean of "
          "3x + 1 has no first order."};
  report::LineChart bias{
      .title = "Its bias",
      .x_label = "temperature",
      .y_label = "mean - (L(1) - L(0)), in p",
      .log_x = true,
      .note =
          "Vanishes with the temperature for the losses of degree two; "
          "the others keep the bias of DARN."};
  report::LineChart variance{.title = "Its variance",
                             .x_label = "temperature",
                             .y_label = "variance of one estimate",
                             .log_x = true,
                             .log_y = true,
                             .note =
                                 "Dashed: the leading term A/t, A = "
                                 "(L'(0)^2 + L'(1)^2)/(12 p(1-p))."};
  Findings findings{
      .settings = {{"unit", "one bit, log-odds 0.7, p = 0.668"},
                   {"draws of the estimator for each point",
                    std::to_string(draws) +
                        ", summed by the trapezoid rule over the uniform "
                        "number that drew each"},
                   {"exponents", "between temperatures 0.01 and 0.02"}}};
  const auto put = [&](const char* id, const std::vector<double>& values) {
    findings.measured[id] = mean_over_seeds(values);
  };
  std::vector<double> worst_limit;
  double done = 0;
  for (const auto& loss : unit_losses()) {
    const auto formula = expansion(loss);
    const double truth = loss.at(1) - loss.at(0);
    const auto found = sweep_temperatures(
        context, "st-gumbel", bit_at(kEta, loss), kTemperatures, draws);
    const auto from_darn = found.distance(formula.c0);
    add_with_theory(
        to_darn, loss.name, kTemperatures, from_darn,
        [&](double t) { return std::abs(formula.mean(t) - formula.c0); });
    auto signed_bias = found.mean;
    for (auto& row : signed_bias)
      for (auto& value : row) value -= truth;
    add_with_theory(bias, loss.name, kTemperatures, signed_bias,
                    [&](double t) { return formula.mean(t) - truth; });
    add_with_theory(variance, loss.name, kTemperatures, found.variance,
                    [&](double t) { return formula.A / t; });
    const double lowest = kTemperatures[0];
    if (&loss == &exponential_loss()) {
      put("to-darn", exponents_of(kTemperatures, from_darn, kLowest));
      put("coefficient",
          first_of(from_darn, 1 / std::abs(formula.mean(lowest) - formula.c0)));
      put("variance-order",
          exponents_of(kTemperatures, found.variance, kLowest));
      put("variance-constant", first_of(found.variance, lowest / formula.A));
    }
    // All that DARN leaves a bias of: linear and quadratic losses it does not.
    if (&loss != &linear_loss() && &loss != &quadratic_loss()) {
      const auto left =
          first_of(found.distance(truth), 1 / std::abs(formula.c0 - truth));
      worst_limit.resize(left.size());
      for (size_t seed = 0; seed < left.size(); ++seed)
        worst_limit[seed] =
            std::max(worst_limit[seed], std::abs(left[seed] - 1));
    }
    if (&loss == &quadratic_loss())
      put("quadratic",
          exponents_of(kTemperatures, found.distance(truth), kLowest));
    context.done(done += 0.2);
  }
  put("limit", worst_limit);
  findings.blocks = {to_darn, bias, variance};
  return findings;
}

const Registered<Experiment> entry{{
    .name = "st-gumbel-softmax",
    .title = "Straight-through Gumbel-Softmax is DARN in the limit",
    .summary =
        "Straight-through Gumbel-Softmax runs the network with binary units "
        "and differentiates the relaxed ones. As the temperature falls its "
        "mean tends to that of DARN, while its variance has no bound.",
    .source = kShekhovtsov2021,
    .claims =
        {{.id = "to-darn",
          .sentence = "The mean of straight-through Gumbel-Softmax tends to "
                      "that of DARN in proportion to the temperature.",
          .where = "proposition 5",
          .measured = "exponent in t of |mean - (L'(0) + L'(1))/2|, loss "
                      "exp(1.3x)",
          .holds = {0.9, 1.1}},
         {.id = "coefficient",
          .sentence = "That distance is t (2p-1) ln 2 (L'(1) - L'(0)), and a "
                      "known term of the second order.",
          .where = "proposition 5",
          .measured = "distance over its first two orders at t = 0.01, loss "
                      "exp(1.3x)",
          .holds = {0.95, 1.05}},
         {.id = "quadratic",
          .sentence = "For a quadratic loss the bias of straight-through "
                      "Gumbel-Softmax vanishes with the temperature.",
          .where = "proposition 5",
          .measured = "exponent of |bias| in t, loss 2x^2 - x",
          .holds = {0.9, 1.1}},
         {.id = "limit",
          .sentence = "For other losses DARN's bias is left.",
          .where = "proposition 5",
          .measured = "bias at t = 0.01 over that of DARN: greatest distance "
                      "from 1 of x^3 + x/2, exp(1.3x), cos(3x) + x",
          .holds = {.to = 0.05}},
         {.id = "variance-order",
          .sentence =
              "The variance of straight-through Gumbel-Softmax grows in "
              "proportion to 1/temperature.",
          .where = "proposition 5",
          .measured = "exponent of the variance in t, loss exp(1.3x)",
          .holds = {-1.1, -0.9}},
         {.id = "variance-constant",
          .sentence = "That variance is (L'(0)^2 + L'(1)^2) / (12 p(1-p) t) to "
                      "leading order.",
          .where = "proposition 5",
          .measured = "variance over that at t = 0.01, loss exp(1.3x)",
          .holds = {0.95, 1.05}}},
    .on_images = false,
    .cost = {.quick = 9, .normal = 60},
    .run = run,
}};

}  // namespace
}  // namespace signet

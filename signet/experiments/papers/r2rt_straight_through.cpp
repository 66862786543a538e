// Experiment 2: pass-through against sigmoid-adjusted straight-through.

#include "signet/core/papers.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/neuron_arms.h"

namespace signet {
namespace {

constexpr const char* kPass = "pass-through";
constexpr const char* kAdjusted = "sigmoid-adjusted";

struct TriedRate {
  std::string text;
  double value;
  bool in_source;
};

const std::vector<TriedRate>& rates() {
  static const std::vector<TriedRate> rates{{"0.01", 0.01, false},
                                            {"0.03", 0.03, false},
                                            {"0.1", 0.1, true},
                                            {"0.3", 0.3, true},
                                            {"1.0", 1.0, true}};
  return rates;
}

std::string label(const std::string& rule, const TriedRate& rate) {
  return rule + ", rate " + rate.text;
}

std::vector<Arm> arms_of(int64_t epochs) {
  std::vector<Arm> arms;
  for (const auto& rate : rates()) {
    for (const auto& [rule, estimator] :
         {std::pair{kPass, kPassThrough}, {kAdjusted, kSigmoidAdjusted}}) {
      const NeuronTraining training{
          .estimator = estimator, .rate = rate.value, .epochs = epochs};
      arms.push_back({training, {{.label = label(rule, rate)}}});
    }
  }
  return arms;
}

/// Of the source's rates, the one of the greatest mean accuracy.
std::vector<double> best(const Curves& curves, const std::string& rule) {
  std::vector<double> best;
  for (const auto& rate : rates()) {
    if (!rate.in_source) continue;
    const auto values = at_end(curves, label(rule, rate));
    if (best.empty() ||
        mean_over_seeds(values).value > mean_over_seeds(best).value)
      best = values;
  }
  return best;
}

report::LineChart rate_chart(const Curves& curves) {
  report::LineChart chart{
      .title = "Accuracy against the rate",
      .x_label = "rate",
      .y_label = "validation accuracy, %",
      .log_x = true,
      .note =
          "The factor p(1 - p) of the adjusted rule is at most 1/4, so the "
          "same rate is a smaller step for it. Rates below 0.1 are not the "
          "source's."};
  for (const auto* rule : {kPass, kAdjusted}) {
    std::vector<double> x;
    std::vector<std::vector<double>> rows;
    for (const auto& rate : rates()) {
      x.push_back(rate.value);
      const auto values = at_end(curves, label(rule, rate));
      rows.resize(values.size());
      for (size_t seed = 0; seed < values.size(); ++seed)
        rows[seed].push_back(values[seed]);
    }
    chart.series.push_back(curve_over_seeds(rule, x, rows));
  }
  return chart;
}

Findings run(const ExperimentContext& context) {
  const int64_t epochs = neuron_epochs(context);
  const auto curves = run_arms(context, arms_of(epochs), r2rt_data(context));
  Findings findings{.settings = neuron_settings(
                        context, epochs,
                        {{"network", "784-100-10"},
                         {"rates", "0.1, 0.3, 1.0, and two below"},
                         {"accuracy", "of one stochastic pass, slope 1"}}),
                    .differs = neuron_differences(context, epochs, 20)};
  report::Table table{.title = "Validation accuracy after the last epoch, %",
                      .columns = {"rate", kPass, kAdjusted}};
  std::vector<std::string> published;
  for (const auto& rate : rates()) {
    const auto pass = at_end(curves, label(kPass, rate));
    const auto adjusted = at_end(curves, label(kAdjusted, rate));
    table.rows.push_back({rate.text, mean_text(pass), mean_text(adjusted)});
    if (!rate.in_source) continue;
    findings.measured["rate-" + rate.text] = paired_difference(adjusted, pass);
    published.push_back(label(kPass, rate));
    published.push_back(label(kAdjusted, rate));
  }
  findings.measured["best"] =
      paired_difference(best(curves, kAdjusted), best(curves, kPass));
  findings.blocks = {
      accuracy_chart("Both rules at the source's rates", "", curves, published),
      rate_chart(curves), table};
  return findings;
}

Claim claim(const std::string& rate) {
  return {.id = "rate-" + rate,
          .sentence = "At rate " + rate +
                      " the sigmoid-adjusted estimator is more accurate than "
                      "pass-through.",
          .where = "experiment 2",
          .measured =
              "sigmoid-adjusted minus pass-through, validation "
              "accuracy in points",
          .holds = {.from = 0}};
}

const Registered<Experiment> entry{{
    .name = "r2rt-straight-through",
    .title = "Pass-through against sigmoid-adjusted straight-through",
    .summary =
        "Both draw the units alike. Backward, pass-through hands the gradient "
        "of a unit to its pre-activation as it is; sigmoid-adjusted multiplies "
        "it by the derivative of the unit's mean, p(1 - p).",
    .source = kR2rt2016,
    .claims = {claim("0.1"),
               claim("0.3"),
               claim("1.0"),
               {.id = "best",
                .sentence = "So it is when each has the best of these rates.",
                .where = "experiment 2",
                .measured = "sigmoid-adjusted minus pass-through, validation "
                            "accuracy in points",
                .holds = {.from = 0}}},
    .cost = {.quick = 75, .normal = 400},
    .run = run,
}};

}  // namespace
}  // namespace signet

// Experiments 0 and 3: slope annealing, as its text describes it and as its
// code does it, against pass-through and the real-valued net.

#include "signet/core/papers.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/neuron_arms.h"

namespace signet {
namespace {

constexpr const char* kSigmoidNet = "sigmoid net, rate 1.0";

const std::vector<std::pair<std::string, double>>& rates() {
  static const std::vector<std::pair<std::string, double>> rates{
      {"0.1", 0.1}, {"0.3", 0.3}, {"1.0", 1.0}};
  return rates;
}

/// The four ways to treat the slope, as their readings are called.
const std::vector<std::string>& ways() {
  static const std::vector<std::string> ways{"pass-through", "slope 1",
                                             "annealed as published",
                                             "annealed as intended"};
  return ways;
}

std::string label(const std::string& way, const std::string& rate) {
  return way + ", rate " + rate;
}

/// The slope is multiplied by 1.1 between epochs.
Slope intended_slope(int64_t epochs) {
  return [=](int64_t epoch) {
    return annealed_slope(static_cast<double>(epoch - 1), epochs);
  };
}

std::vector<Arm> arms_of(int64_t epochs) {
  std::vector<Arm> arms;
  for (const auto& [text, rate] : rates()) {
    arms.push_back({{.estimator = kPassThrough, .rate = rate, .epochs = epochs},
                    {{.label = label("pass-through", text)}}});
    arms.push_back({{.rate = rate, .epochs = epochs},
                    {{.label = label("slope 1", text)},
                     {.label = label("annealed as published", text),
                      .slope = published_slope(epochs)}}});
    const auto slope = intended_slope(epochs);
    arms.push_back(
        {{.rate = rate, .epochs = epochs, .slope = slope},
         {{.label = label("annealed as intended", text), .slope = slope}}});
  }
  arms.push_back({{.estimator = kSigmoidUnits, .rate = 1, .epochs = epochs},
                  {{.label = kSigmoidNet, .units = UnitPass::means}}});
  return arms;
}

Findings run(const ExperimentContext& context) {
  const auto data = r2rt_data(context);
  const int64_t epochs = neuron_epochs(context);
  const auto curves = run_arms(context, arms_of(epochs), data);
  const auto end = [&](const std::string& way, const std::string& rate) {
    return at_end(curves, label(way, rate));
  };
  Findings findings{
      .settings = neuron_settings(
          context, epochs,
          {{"network", "784-100-10"},
           {"rates", "0.1, 0.3, 1.0; the sigmoid net 1.0"},
           {"slope", "from 1 to 1.1^20 = 6.73, by the same factor each epoch"},
           {"accuracy", "of one stochastic pass"}}),
      .differs = neuron_differences(context, epochs, 20)};
  report::Table table{.title = "Validation accuracy after the last epoch, %",
                      .columns = {"rate"}};
  for (const auto& way : ways()) table.columns.push_back(way);
  for (const auto& [rate, value] : rates()) {
    findings.measured["rate-" + rate] = paired_difference(
        end("annealed as published", rate), end("pass-through", rate));
    table.rows.push_back({rate});
    for (const auto& way : ways())
      table.rows.back().push_back(mean_text(end(way, rate)));
  }
  const auto published = end("annealed as published", "0.3");
  const auto constant = end("slope 1", "0.3");
  const auto sigmoid = at_end(curves, kSigmoidNet);
  table.rows.push_back({"sigmoid net", mean_text(sigmoid), "", "", ""});
  findings.measured["sharper"] = paired_difference(published, constant);
  findings.measured["intended"] =
      paired_difference(end("annealed as intended", "0.3"), constant);
  findings.measured["sigmoid"] = paired_difference(published, sigmoid);
  compare_with_print(context, findings, "printed-sigmoid", sigmoid);
  compare_with_print(context, findings, "printed-annealed", published);
  compare_with_print(context, findings, "printed-pass-through",
                     end("pass-through", "0.3"));
  std::vector<std::string> labels;
  for (const auto& way : ways()) labels.push_back(label(way, "0.3"));
  labels.push_back(kSigmoidNet);
  findings.blocks = {
      accuracy_chart("What the slope does, at rate 0.3",
                     "'Slope 1' and 'as published' are one and the same net; "
                     "only the units of the evaluation differ.",
                     curves, labels),
      table};
  return findings;
}

Claim over_pass_through(const std::string& rate) {
  return {.id = "rate-" + rate,
          .sentence = "At rate " + rate +
                      " slope-annealed straight-through is more accurate than "
                      "pass-through.",
          .where = "experiment 3",
          .measured =
              "annealed as published minus pass-through, validation "
              "accuracy in points",
          .holds = {.from = 0}};
}

const Registered<Experiment> entry{{
    .name = "r2rt-slope-annealing",
    .title = "Slope annealing, and the real-valued net",
    .summary =
        "Slope annealing draws units from sigmoid(m a) and raises m from epoch "
        "to epoch. The source's code feeds m when it evaluates and never when "
        "it trains, so its results are of nets trained at slope 1 whose units "
        "are sharpened for the evaluation. Both are run here: as published, "
        "and as intended, with the slope in training too.",
    .source = kR2rt2016,
    .claims =
        {over_pass_through("0.1"),
         over_pass_through("0.3"),
         over_pass_through("1.0"),
         {.id = "sharper",
          .sentence = "Slope annealing improves on the sigmoid-adjusted "
                      "estimator.",
          .where = "experiments 2 and 3",
          .measured = "annealed as published minus slope 1, rate 0.3, "
                      "validation accuracy in points",
          .holds = {.from = 0}},
         {.id = "intended",
          .sentence = "It does so when the slope is raised in training, as the "
                      "text says.",
          .where = "the section on slope annealing; not what its code runs",
          .measured = "annealed as intended minus slope 1, rate 0.3, "
                      "validation accuracy in points",
          .holds = {.from = 0}},
         {.id = "sigmoid",
          .sentence = "Slope-annealed binary units are more accurate than "
                      "real-valued sigmoids.",
          .where = "experiments 0 and 3",
          .measured = "annealed as published at rate 0.3 minus sigmoid net at "
                      "rate 1.0, validation accuracy in points",
          .holds = {.from = 0}},
         printed_claim("printed-sigmoid", "The sigmoid net", "experiment 0",
                       96.98, 0.5),
         printed_claim("printed-annealed",
                       "Slope annealing as published at rate 0.3",
                       "experiment 3", 97.64, 0.5),
         printed_claim("printed-pass-through", "Pass-through at rate 0.3",
                       "experiment 3", 97.04, 0.5)},
    .cost = {.quick = 75, .normal = 410},
    .run = run,
}};

}  // namespace
}  // namespace signet

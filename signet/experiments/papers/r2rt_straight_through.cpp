// Experiment 2: pass-through against sigmoid-adjusted straight-through, and the
// rule that the post had for pass-through at first.

#include "signet/core/papers.h"
#include "signet/core/torch.h"
#include "signet/experiments/papers/charts.h"
#include "signet/experiments/papers/neuron_arms.h"

namespace signet {
namespace {

constexpr const char* kPass = "pass-through";
constexpr const char* kAdjusted = "sigmoid-adjusted";
constexpr const char* kSeparable = "pass-through, three classes, rate 0.1";
constexpr const char* kFashion = "fashion-mnist";
constexpr const char* kOpen = "through open units, post of 2016";

const std::vector<std::string>& rules() {
  static const std::vector<std::string> rules{kPass, kAdjusted, kOpen};
  return rules;
}

const std::vector<std::pair<std::string, double>>& rates() {
  static const std::vector<std::pair<std::string, double>> rates{
      {"0.1", 0.1}, {"0.3", 0.3}, {"1.0", 1.0}};
  return rates;
}

std::string label(const std::string& rule, const std::string& rate) {
  return rule + ", rate " + rate;
}

double mean_activation(const NeuronNet& net, const Examples& examples) {
  torch::NoGradGuard no_gradient;
  return torch::addmm(net.biases[0], pixels(examples.images), net.weights[0])
      .abs()
      .mean()
      .item<double>();
}

using AfterEpoch = std::function<void(int64_t seed, const NeuronNet& net)>;

/// Adds to `sizes` how great the pre-activations are.
AfterEpoch measure_sizes(const std::string& label, const Examples& examples,
                         Curves& sizes) {
  return [&sizes, &examples, label](int64_t seed, const NeuronNet& net) {
    auto& of_seeds = sizes[label];
    of_seeds.resize(static_cast<size_t>(seed) + 1);
    of_seeds.back().push_back(mean_activation(net, examples));
  };
}

/// Images of classes 1, 8 and 9: trousers, bags and ankle boots.
Examples separable(const Examples& examples) {
  const auto& labels = examples.labels;
  const auto rows = labels.eq(1).logical_or(labels.ge(8)).nonzero().flatten();
  return {.images = examples.images.index_select(0, rows),
          .labels = labels.index_select(0, rows)};
}

std::vector<Arm> arms_of(int64_t epochs, const Examples& validation,
                         Curves& sizes) {
  std::vector<Arm> arms;
  for (const auto& [text, rate] : rates()) {
    for (const auto& rule : rules()) {
      const auto name = label(rule, text);
      const NeuronTraining training{
          .estimator = rule == kAdjusted ? kSigmoidAdjusted : kPassThrough,
          .rate = rate,
          .epochs = epochs,
          .through_open_only = rule == kOpen};
      arms.push_back({training,
                      {{.label = name}},
                      measure_sizes(name, validation, sizes)});
    }
  }
  return arms;
}

/// One value a seed from its values at the three rates.
using Choice = double (*)(std::initializer_list<double> values);

std::vector<double> over_rates(
    Choice choice,
    const std::function<std::vector<double>(const std::string& rate)>& of) {
  const auto a = of("0.1"), b = of("0.3"), c = of("1.0");
  std::vector<double> values;
  for (size_t seed = 0; seed < a.size(); ++seed)
    values.push_back(choice({a[seed], b[seed], c[seed]}));
  return values;
}

double least(std::initializer_list<double> values) { return std::min(values); }
double greatest(std::initializer_list<double> values) {
  return std::max(values);
}

/// The rate of the greatest mean accuracy.
std::vector<double> best(const Curves& curves, const std::string& rule) {
  std::vector<double> best;
  for (const auto& [rate, value] : rates()) {
    const auto values = at_end(curves, label(rule, rate));
    if (best.empty() ||
        mean_over_seeds(values).value > mean_over_seeds(best).value)
      best = values;
  }
  return best;
}

/// By how much the adjusted rule is more accurate, at the worst of the rates.
std::vector<double> greatest_gap(const Curves& curves,
                                 const std::string& rule) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [rate, value] : rates())
    pairs.emplace_back(label(kAdjusted, rate), label(rule, rate));
  return greatest_lead(curves, pairs);
}

/// The exponent k of each curve over epochs, c epoch^k.
std::vector<double> exponents(const std::vector<std::vector<double>>& curves) {
  std::vector<double> exponents;
  for (const auto& curve : curves) {
    std::vector<double> epochs;
    for (size_t i = 1; i <= curve.size(); ++i)
      epochs.push_back(static_cast<double>(i));
    exponents.push_back(fitted_exponent(epochs, curve));
  }
  return exponents;
}

/// By which the pre-activations of a rule grow.
std::vector<double> growth(const Curves& sizes, const std::string& rule,
                           Choice choice) {
  return over_rates(choice, [&](const std::string& rate) {
    return exponents(sizes.at(label(rule, rate)));
  });
}

report::LineChart size_chart(const std::string& title, const Curves& sizes,
                             const std::vector<std::string>& labels) {
  auto chart = accuracy_chart(
      title,
      "Over units and validation images. Beyond 5 a unit is all but certain.",
      sizes, labels);
  chart.y_label = "mean |a|";
  chart.log_y = true;
  return chart;
}

/// Accuracies and sizes of the rules at one rate.
std::vector<report::Block> charts_of(const std::string& rate,
                                     const Curves& curves,
                                     const Curves& sizes) {
  std::vector<std::string> labels;
  for (const auto& rule : rules()) labels.push_back(label(rule, rate));
  auto accuracies =
      accuracy_chart("Accuracy at rate " + rate, "", curves, labels);
  auto activations = size_chart(
      "Pre-activations of the hidden units at rate " + rate, sizes, labels);
  for (auto* chart : {&accuracies, &activations})
    for (size_t i = 0; i < rules().size(); ++i)
      chart->series[i].label = rules()[i];
  return {accuracies, activations};
}

report::Table end_table(const Curves& curves, const Curves& sizes) {
  report::Table table{.title = "After the last epoch",
                      .columns = {"rate", "rule", "validation accuracy, %",
                                  "mean |pre-activation|"}};
  for (const auto& [rate, value] : rates())
    for (const auto& rule : rules())
      table.rows.push_back({rate, rule,
                            mean_text(at_end(curves, label(rule, rate))),
                            mean_text(at_end(sizes, label(rule, rate)), 1)});
  if (curves.contains(kSeparable))
    table.rows.push_back({"0.1", "pass-through, three classes",
                          mean_text(at_end(curves, kSeparable)),
                          mean_text(at_end(sizes, kSeparable), 1)});
  return table;
}

Findings run(const ExperimentContext& context) {
  const int64_t epochs = neuron_epochs(context);
  const auto data = r2rt_data(context);
  Curves sizes;
  const auto part = [&](double from, double to) {
    auto result = context;
    result.progress = [=, &context](double share) {
      context.done(from + share * (to - from));
    };
    return result;
  };
  constexpr double kPart = 0.9;  ///< of the time: nine trainings in ten
  auto curves =
      run_arms(part(0, kPart), arms_of(epochs, data.validation, sizes), data);
  const bool fashion = context.images.name == kFashion;
  if (fashion) {
    const R2rtData easy{.train = separable(data.train),
                        .validation = separable(data.validation),
                        .test = {}};
    curves.merge(
        run_arms(part(kPart, 1),
                 {{{.estimator = kPassThrough, .rate = 0.1, .epochs = epochs},
                   {{.label = kSeparable}},
                   measure_sizes(kSeparable, easy.validation, sizes)}},
                 easy));
  }
  Findings findings{
      .settings =
          neuron_settings(context, epochs,
                          {{"network", "784-100-10"},
                           {"rates", "0.1, 0.3, 1.0"},
                           {"accuracy", "of one stochastic pass, slope 1"},
                           {"three classes",
                            "of Fashion-MNIST: trousers, bags and ankle "
                            "boots"}}),
      .measured = {{"best", paired_difference(best(curves, kAdjusted),
                                              best(curves, kPass))},
                   {"close", mean_over_seeds(greatest_gap(curves, kPass))},
                   {"open-close", mean_over_seeds(greatest_gap(curves, kOpen))},
                   {"grows", mean_over_seeds(growth(sizes, kPass, least))},
                   {"settles",
                    mean_over_seeds(growth(sizes, kAdjusted, greatest))},
                   {"open-settles",
                    mean_over_seeds(growth(sizes, kOpen, greatest))}},
      .differs = neuron_differences(
          context, epochs, 20,
          "The accuracies that experiment 2 prints are not known to us; "
          "experiment 3 prints 95 to 97 % for pass-through on MNIST. Far less "
          "than that here means that it does not settle on images that these "
          "nets cannot separate: there the loss keeps a gradient, which "
          "pass-through hands to certain units undiminished; on three classes "
          "of "
          "Fashion-MNIST that are easily told apart it settles. Which version "
          "of its code "
          "printed the source's numbers is not known; that of 2016 passed "
          "gradients through open units only and is run as well.")};
  for (const auto& [rate, value] : rates()) {
    findings.measured["rate-" + rate] =
        paired_difference(at_end(curves, label(kAdjusted, rate)),
                          at_end(curves, label(kPass, rate)));
    for (auto& chart : charts_of(rate, curves, sizes))
      findings.blocks.push_back(std::move(chart));
  }
  if (fashion) {
    findings.measured["separable-settles"] =
        mean_over_seeds(exponents(sizes.at(kSeparable)));
    findings.blocks.push_back(
        accuracy_chart("Accuracy on three classes", "", curves, {kSeparable}));
    findings.blocks.push_back(
        size_chart("Pre-activations on three classes", sizes, {kSeparable}));
  }
  findings.blocks.push_back(end_table(curves, sizes));
  return findings;
}

constexpr const char* kUnknownPrint =
    "experiment 2; its printed values are not known to us";

Claim claim(const std::string& rate) {
  return {.id = "rate-" + rate,
          .sentence = "At rate " + rate +
                      " the sigmoid-adjusted estimator is more accurate than "
                      "pass-through.",
          .where = kUnknownPrint,
          .measured =
              "sigmoid-adjusted minus pass-through, validation "
              "accuracy in points",
          .holds = {.from = 0}};
}

/// Sizes that grow with the square root of the epochs are a random walk's.
Claim settles(const std::string& id, const std::string& sentence,
              const std::string& where) {
  return {
      .id = id,
      .sentence = sentence,
      .where = where,
      .measured =
          "exponent of epochs in the growth of mean "
          "|pre-activation|, the greatest of the rates in each seed; a random "
          "walk's is 0.5",
      .holds = {.to = 0.5}};
}

const Registered<Experiment> entry{{
    .name = "r2rt-straight-through",
    .title = "Pass-through against sigmoid-adjusted straight-through",
    .summary =
        "All draw the units alike. Backward, pass-through hands the gradient "
        "of a unit to its pre-activation as it is; sigmoid-adjusted multiplies "
        "it by the derivative of the unit's mean, p(1 - p); the post's first "
        "version of 2016 multiplied it by the unit's state, 0 or 1.",
    .source = kR2rt2016,
    .claims =
        {claim("0.1"),
         claim("0.3"),
         claim("1.0"),
         {.id = "best",
          .sentence = "So it is when each has the best of these rates.",
          .where = kUnknownPrint,
          .measured = "sigmoid-adjusted minus pass-through, validation "
                      "accuracy in points",
          .holds = {.from = 0}},
         {.id = "close",
          .sentence = "Pass-through is within 2.5 points of the "
                      "sigmoid-adjusted estimator at every rate.",
          .where = "set by experiment 3, whose gaps to slope annealing are "
                   "1.9, 0.6 and 0.2 points if its values are in the order of "
                   "its runs",
          .measured =
              "sigmoid-adjusted minus pass-through, validation "
              "accuracy in points, the greatest of the rates in each seed",
          .holds = {.to = 2.5}},
         {.id = "open-close",
          .sentence = "The rule of the post of 2016 is within 2.5 points of "
                      "the sigmoid-adjusted estimator at every rate.",
          .where = "experiment 3 likewise, if the post of 2016 printed it",
          .measured =
              "sigmoid-adjusted minus the rule of 2016, validation "
              "accuracy in points, the greatest of the rates in each seed",
          .holds = {.to = 2.5}},
         {.id = "grows",
          .sentence = "Under pass-through pre-activations keep growing, at "
                      "least as fast as a random walk.",
          .where = "derived here, for a loss that keeps a gradient: a unit's "
                   "certainty does not lessen what moves it, so a drift or a "
                   "random walk never slows",
          .measured =
              "exponent of epochs in the growth of mean "
              "|pre-activation|, the least of the rates in each seed; a random "
              "walk's is 0.5",
          .holds = {.from = 0.5}},
         {.id = "separable-settles",
          .sentence = "On three classes that are easily told apart "
                      "pass-through does settle.",
          .where = "derived here: where all is answered rightly, no gradient "
                   "is left to move units",
          .measured = "exponent of epochs in the growth of mean "
                      "|pre-activation|, rate 0.1; a random walk's is 0.5",
          .holds = {.to = 0.5},
          .data = kFashion},
         settles("settles",
                 "Under the sigmoid-adjusted estimator they grow more slowly "
                 "than a random walk.",
                 "derived here, for one input: |da| falls as exp(-|a|), so |a| "
                 "grows as the logarithm of the steps at most"),
         settles("open-settles",
                 "So they do under the rule of the post of 2016.",
                 "ours: a unit that closes is no longer moved, one that stays "
                 "open is")},
    .cost = {.quick = 80, .normal = 440},
    .run = run,
}};

}  // namespace
}  // namespace signet

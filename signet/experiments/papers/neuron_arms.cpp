#include "signet/experiments/papers/neuron_arms.h"

#include <algorithm>
#include <limits>

#include "signet/base/number.h"
#include "signet/experiments/papers/charts.h"

namespace signet {
namespace {

constexpr int64_t kPublishedEpochs = 20;

/// Of the random numbers of a seed, those that evaluations see.
constexpr uint64_t kEvaluation = 1;

double read(const Reading& reading, const NeuronNet& net, int64_t epoch,
            const Random& random, const R2rtData& data) {
  return accuracy(
      net,
      reading.examples.labels.defined() ? reading.examples : data.validation,
      reading.units, reading.slope ? reading.slope(epoch) : 1,
      random.branch(kEvaluation).at_step(static_cast<uint32_t>(epoch)),
      reading.passes);
}

std::string percent(double value) { return fixed_text(value, 2) + " %"; }

}  // namespace

Slope published_slope(int64_t epochs) {
  return [=](int64_t epoch) {
    return annealed_slope(static_cast<double>(epoch), epochs);
  };
}

Curves run_arms(const ExperimentContext& context, const std::vector<Arm>& arms,
                const R2rtData& data) {
  Curves curves;
  int64_t epochs = 0, done = 0;
  for (const auto& arm : arms) epochs += arm.training.epochs;
  for (int64_t seed = 0; seed < context.seeds; ++seed) {
    const auto random = context.random(seed);
    for (const auto& arm : arms) {
      const auto& training = arm.training;
      const auto& readings = arm.readings;
      for (const auto& reading : readings) curves[reading.label].emplace_back();
      train_neurons(training, data.train, random,
                    [&](int64_t epoch, const NeuronNet& net) {
                      for (const auto& reading : readings)
                        if (!reading.only_at_end || epoch == training.epochs)
                          curves[reading.label].back().push_back(
                              read(reading, net, epoch, random, data));
                      if (arm.after) arm.after(seed, net);
                      context.done(static_cast<double>(++done) /
                                   static_cast<double>(epochs * context.seeds));
                    });
    }
  }
  return curves;
}

std::vector<double> at_epoch(const Curves& curves, const std::string& label,
                             int64_t epoch) {
  std::vector<double> values;
  for (const auto& seed : curves.at(label))
    values.push_back(seed.at(static_cast<size_t>(epoch - 1)));
  return values;
}

std::vector<double> at_end(const Curves& curves, const std::string& label) {
  return at_epoch(curves, label,
                  static_cast<int64_t>(curves.at(label).front().size()));
}

std::vector<double> greatest_lead(
    const Curves& curves,
    const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::vector<double> greatest;
  for (const auto& [first, second] : pairs) {
    const auto a = at_end(curves, first), b = at_end(curves, second);
    greatest.resize(a.size(), -std::numeric_limits<double>::infinity());
    for (size_t seed = 0; seed < a.size(); ++seed)
      greatest[seed] = std::max(greatest[seed], a[seed] - b[seed]);
  }
  return greatest;
}

report::LineChart accuracy_chart(const std::string& title,
                                 const std::string& note, const Curves& curves,
                                 const std::vector<std::string>& labels,
                                 const std::string& of) {
  report::LineChart chart{.title = title,
                          .x_label = "epochs of 1001 steps",
                          .y_label = of + " accuracy, %",
                          .note = note};
  for (const auto& label : labels) {
    const auto& rows = curves.at(label);
    std::vector<double> epochs;
    for (size_t i = 1; i <= rows.front().size(); ++i)
      epochs.push_back(static_cast<double>(i));
    chart.series.push_back(curve_over_seeds(label, epochs, rows));
  }
  return chart;
}

Settings training_settings(const ExperimentContext& context, int64_t epochs,
                           const Settings& more) {
  Settings all{
      {"images",
       context.images.name + ", the first 5000 training images for validation"},
      {"epochs", std::to_string(epochs) + " of 1001 steps, batches of 50"},
      {"step",
       "plain gradient descent; a rate r is r/10 times the gradient of "
       "the cross-entropy, summed over the batch, as in the source"}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Settings neuron_settings(const ExperimentContext& context, int64_t epochs,
                         const Settings& more) {
  Settings all{{"units", "{0, 1}, P(x = 1) = sigmoid(m a), m the slope"},
               {"initial values",
                "weights uniform in +-sqrt(3 / inputs), biases in +-sqrt(3), "
                "taken for the defaults of TensorFlow 0.12"}};
  all.insert(all.end(), more.begin(), more.end());
  return training_settings(context, epochs, all);
}

std::string neuron_differences(const ExperimentContext& context, int64_t epochs,
                               int64_t published_epochs,
                               const std::string& more) {
  std::string text;
  if (context.images.name != "mnist")
    text += context.images.name + " in place of MNIST. ";
  if (epochs != published_epochs)
    text += std::to_string(epochs) + " epochs in place of " +
            std::to_string(published_epochs) + ". ";
  return text +
         "Cross-entropy is a log-softmax; the source's is the logarithm of a "
         "softmax, infinite where that underflows. " +
         more;
}

std::string annealing_difference(int64_t epochs) {
  if (epochs == kPublishedEpochs) return "";
  return "The annealed slope grows by the factor " + slope_factor(epochs) +
         " an epoch in place of 1.1, so that fewer epochs end at the same "
         "slope. ";
}

std::string baseline_difference() {
  return "A unit's baseline is read before the batch enters its running "
         "averages, so it leaves no bias; the source reads it after. Scores "
         "here are s = 2 (x - p), twice the source's, so E[s^2] outweighs the "
         "1 that its average starts at sooner and the baseline warms up "
         "faster. ";
}

std::string slope_factor(int64_t epochs) {
  return general_text(annealed_slope(1, epochs), 4);
}

Claim printed_claim(const std::string& id, const std::string& what,
                    const std::string& where, double printed,
                    double tolerance) {
  return {.id = id,
          .sentence = what + " reaches " + percent(printed) + " on MNIST.",
          .where = where,
          .measured = "mean accuracy in %; the printed one within " +
                      percent(tolerance),
          .holds = {printed - tolerance, printed + tolerance},
          .data = "mnist",
          .least = Scale::normal};
}

void compare_with_print(const ExperimentContext& context, Findings& findings,
                        const std::string& id,
                        const std::vector<double>& accuracies) {
  if (context.images.name == "mnist" && !context.quick())
    findings.measured[id] = mean_over_seeds(accuracies);
}

}  // namespace signet

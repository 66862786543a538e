#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "signet/experiments/papers/neuron_nets.h"

// Trainings side by side, and what the pages of R2RT's experiments share.

namespace signet {

/// One way to read the accuracy off a net that is trained.
struct Reading {
  std::string label;
  UnitPass units = UnitPass::sampled;
  Slope slope = {};
  Examples examples = {};  ///< none: the validation images
  int64_t passes = 1;
  bool only_at_end = false;  ///< not after every epoch
};

/// One training and what is read off it.
struct Arm {
  NeuronTraining training;
  std::vector<Reading> readings = {};
  /// Sees the net after every epoch.
  std::function<void(int64_t seed, const NeuronNet& net)> after = {};
};

/// How many epochs these experiments take.
inline int64_t neuron_epochs(const ExperimentContext& context) {
  return context.pick(6, 20);
}

/// The readings of a net trained at slope 1, as the source's code does, where
/// evaluation alone sees the annealed slope.
Slope published_slope(int64_t epochs);

/// Accuracies in percent by the label of a reading: [seed][epoch].
using Curves = std::map<std::string, std::vector<std::vector<double>>>;

/// Runs every arm with every seed on the training images. Arms of one seed
/// start from the same random numbers and see the same batches.
Curves run_arms(const ExperimentContext& context, const std::vector<Arm>& arms,
                const R2rtData& data);

/// The value of every seed after epoch 1, 2, ...
std::vector<double> at_epoch(const Curves& curves, const std::string& label,
                             int64_t epoch);
/// After the last.
std::vector<double> at_end(const Curves& curves, const std::string& label);

/// By how many points the first of a pair of labels ends above the second, in
/// each seed at the pair where that is most.
std::vector<double> greatest_lead(
    const Curves& curves,
    const std::vector<std::pair<std::string, std::string>>& pairs);

/// Accuracy against epochs, a curve a label.
report::LineChart accuracy_chart(const std::string& title,
                                 const std::string& note, const Curves& curves,
                                 const std::vector<std::string>& labels,
                                 const std::string& of = "validation");

/// The rows of a page.
using Settings = std::vector<std::pair<std::string, std::string>>;

/// The images, epochs and step that all experiments share, then `more`.
Settings training_settings(const ExperimentContext& context, int64_t epochs,
                           const Settings& more);
/// These with the units and initial weights of NeuronNet, then `more`.
Settings neuron_settings(const ExperimentContext& context, int64_t epochs,
                         const Settings& more);

/// What is changed against the source: its data, its epochs, `more`.
std::string neuron_differences(const ExperimentContext& context, int64_t epochs,
                               int64_t published_epochs,
                               const std::string& more = "");
/// What else is changed where the slope is annealed, "" in 20 epochs.
std::string annealing_difference(int64_t epochs);
/// What else is changed under kReinforceAdjusted.
std::string baseline_difference();

/// By how much the annealed slope grows an epoch: "1.1" in 20.
std::string slope_factor(int64_t epochs);

/// A claim that the accuracy on MNIST is the one that the source prints.
Claim printed_claim(const std::string& id, const std::string& what,
                    const std::string& where, double printed, double tolerance);

/// Decides it where the data are MNIST and the epochs the source's.
void compare_with_print(const ExperimentContext& context, Findings& findings,
                        const std::string& id,
                        const std::vector<double>& accuracies);

}  // namespace signet

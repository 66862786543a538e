#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "signet/data/dataset.h"
#include "signet/models/network.h"

namespace signet {

/// Images and labels as tensors: [n, features] uint8 and [n] int64.
struct Examples {
  Tensor images;
  Tensor labels;

  int64_t size() const { return labels.size(0); }
};

Examples to_examples(const Dataset& data);

/// How well a network classifies.
struct Evaluation {
  int64_t examples = 0;
  int64_t correct = 0;
  double loss = 0;               ///< mean negative log-likelihood, nats
  double calibration_error = 0;  ///< Calibration::error(), in [0, 1]
  /// counts[label][prediction]
  std::vector<std::vector<int64_t>> confusion;

  double accuracy() const {
    return examples
               ? static_cast<double>(correct) / static_cast<double>(examples)
               : 0;
  }
};

/// Evaluates the network in one mode after another, one result each:
/// samples = 0 with zero noise (the mode network), otherwise the ensemble that
/// averages softmax probabilities over so many joint draws of all units.
/// Ensembles share their draws: the first S of a larger one are the one of S.
/// Cost: max(samples) forward passes an example, and one for samples = 0.
std::vector<Evaluation> evaluate(
    Network& network, const Examples& examples,
    const std::vector<int64_t>& samples, const Random& random,
    const std::function<void(int64_t)>& progress = {});

/// The mode network alone.
Evaluation evaluate_mode(Network& network, const Examples& examples);

}  // namespace signet

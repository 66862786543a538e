#pragma once

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
  double loss = 0;  ///< mean negative log-likelihood, nats
  /// counts[label][prediction]
  std::vector<std::vector<int64_t>> confusion;

  double accuracy() const {
    return examples
               ? static_cast<double>(correct) / static_cast<double>(examples)
               : 0;
  }
};

/// Evaluates the network: samples = 0 with zero noise (the mode network),
/// otherwise the ensemble that averages softmax probabilities over so many
/// joint draws of all units.
/// Cost: max(1, samples) forward passes an example.
Evaluation evaluate(Network& network, const Examples& examples, int64_t samples,
                    const Random& random,
                    const std::function<void(int64_t)>& progress = {});

}  // namespace signet

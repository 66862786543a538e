#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "signet/data/dataset.h"
#include "signet/export/pack.h"
#include "signet/runtime/model.h"

namespace signet {

/// How far apart the scores of real weights are. LibTorch adds floats in an
/// order of its own, the runtime adds rounded weights exactly, so both are off
/// by roundings, and score j may differ by
///   b_j = 2 (n + 4) 2^-24 (|scale_j| sum_k |w_jk| + |offset_j|)
/// at n inputs: (n - 1) 2^-24 sum |w| for LibTorch's sum in any order, half as
/// much for rounded weights, and a few last roundings.
struct RealScores {
  double bound = 0;       ///< the greatest b_j
  double difference = 0;  ///< the greatest that was met
  /// Examples whose class differs because LibTorch's two scores are closer
  /// than their bounds together.
  int64_t ties = 0;
};

/// What was compared between the trained network in LibTorch and the packed
/// one in the runtime, and what differed.
struct Proof {
  int64_t examples = 0;
  int64_t integers = 0;  ///< pre-activations of all layers
  int64_t bits = 0;      ///< hidden units, and what is pooled of them
  int64_t scores = 0;    ///< floats, compared bit by bit or within bounds
  int64_t classes = 0;
  std::optional<RealScores> real = {};  ///< if the last weights are real
  int64_t different = 0;
  std::string first_difference;  ///< "" if there is none
  int64_t correct = 0;           ///< classes equal to the data set's labels

  bool holds() const { return examples > 0 && different == 0; }
};

/// Runs both on every example, the network with zero noise (ModeSampler), and
/// compares every pre-activation, hidden bit, score and class; scores of real
/// weights as RealScores says, classes then where they are no ties.
/// `progress` gets the number of examples done, now and then.
/// Cost: about 50 us an example for 784-1024-1024-10 on one core, some
/// milliseconds for a convolutional network.
Proof prove(Network& network, const PackedNetwork& packed,
            const runtime::Model& model, const Dataset& data,
            const std::function<void(int64_t)>& progress = {});

}  // namespace signet

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "signet/data/dataset.h"
#include "signet/export/pack.h"
#include "signet/runtime/model.h"

namespace signet {

/// What was compared between the trained network in LibTorch and the packed
/// one in the runtime, and what differed.
struct Proof {
  int64_t examples = 0;
  int64_t integers = 0;  ///< pre-activations of all layers
  int64_t bits = 0;      ///< hidden units, and what is pooled of them
  int64_t scores = 0;    ///< floats, compared bit by bit
  int64_t classes = 0;
  int64_t different = 0;
  std::string first_difference;  ///< "" if there is none
  int64_t correct = 0;           ///< classes equal to the data set's labels

  bool holds() const { return examples > 0 && different == 0; }
};

/// Runs both on every example, the network with zero noise (ModeSampler), and
/// compares every pre-activation, hidden bit, score and class.
/// `progress` gets the number of examples done, now and then.
/// Cost: about 50 us an example for 784-1024-1024-10 on one core, some
/// milliseconds for a convolutional network.
Proof prove(Network& network, const PackedNetwork& packed,
            const runtime::Model& model, const Dataset& data,
            const std::function<void(int64_t)>& progress = {});

}  // namespace signet

#pragma once

#include <cstdint>
#include <vector>

#include "signet/runtime/model.h"

namespace signet {

/// Time of one forward pass of a batch, both networks measured in turn.
struct Latency {
  int64_t batch = 0;
  double packed_seconds = 0;  ///< median of the rounds, a batch
  double torch_seconds = 0;
  /// Median over the rounds of torch / packed, each round measured back to
  /// back, so that a change of clock touches both.
  double ratio = 0;
};

/// Measures the packed network against the same network in LibTorch fp32:
/// linear layers and convolutions with +-1 float weights, batch norm folded
/// into their bias and the scale of the last, sign between them, sums pooled,
/// pixels as float. Both run on the calling thread: the caller pins it and
/// gives LibTorch one thread.
/// Cost: about 2 s for each batch size.
std::vector<Latency> measure_latency(const runtime::Model& model,
                                     const runtime::ModelDescription& weights,
                                     const std::vector<int64_t>& batches);

}  // namespace signet

// All that happens in the layers of a model, for a proof.
#pragma once

#include <cstdint>
#include <vector>

namespace signet::runtime {

/// What happens in one layer.
/// Shapes: both [batch, outputs], images as rows in the order height, width,
/// channels.
struct LayerTrace {
  std::vector<std::int32_t> sums;  ///< pre-activations; empty for
                                   ///< pooling and real weights
  /// 0 or 1; empty for the last layer, and where sums are pooled before units
  /// are drawn.
  std::vector<std::uint8_t> bits;
};

struct Trace {
  std::vector<LayerTrace> layers;
  std::vector<float> scores;  ///< [batch, outputs]
};

}  // namespace signet::runtime

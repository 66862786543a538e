#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "signet/models/network.h"
#include "signet/runtime/format/description.h"

namespace signet {

/// A network as the runtime takes it.
struct PackedNetwork {
  runtime::ModelDescription model;
  /// What became of each packed layer, in the order of model.layers.
  struct Layer {
    size_t linear = 0;  ///< its place in the NetworkSpec
    /// +1, or -1 where the channel's weights were negated so that "batch norm
    /// >= 0" reads "sum >= threshold". [outputs]
    std::vector<int8_t> directions;
  };
  std::vector<Layer> layers;
};

/// Packs linear (binary) [+ batch norm] [+ dropout] + units, ..., linear
/// (binary) [+ batch norm].
///   hidden: bit = 1 iff scale s + offset >= 0 iff (+-s) >= threshold,
///           an integer; scale = 0 gives INT32_MIN or INT32_MAX
///   last:   score = float(double(scale) s + double(offset))
/// Errors: UsageError that names the layer and what it cannot be packed for.
PackedNetwork pack(const Network& network, std::string name,
                   std::vector<std::string> classes,
                   std::vector<std::pair<std::string, std::string>> metadata);

/// The smallest integer t with: double(scale) s + double(offset) >= 0 iff
/// s >= t, for scale > 0 and |s| < 2^31. INT32_MIN if it holds for all s,
/// INT32_MAX if for none.
int32_t integer_threshold(float scale, float offset);

}  // namespace signet

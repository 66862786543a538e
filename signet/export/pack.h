#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "signet/models/network.h"
#include "signet/runtime/format/description.h"

namespace signet {

struct PackOptions {
  /// Keep what drawing the units takes, 8 bytes a channel.
  bool noise = false;
};

/// A network as the runtime takes it.
struct PackedNetwork {
  runtime::ModelDescription model;
  /// What a packed layer computes of the network, in the order of model.layers;
  /// layers are places in the NetworkSpec.
  struct Layer {
    /// The linear layer or convolution whose output, before the bias, are the
    /// sums; none for pooling and for real weights.
    std::optional<size_t> sums = {};
    /// +1, or -1 where the channel's weights were negated so that "batch norm
    /// >= 0" reads "sum >= threshold". [outputs]
    std::vector<int8_t> directions = {};
    /// The units or the max-pool whose output are the bits; none where the
    /// network has no such bits, which is before it has pooled.
    std::optional<size_t> bits = {};
  };
  std::vector<Layer> layers;
};

/// Packs stages of linear or conv (binary) [+ max-pool] [+ batch norm]
/// [+ max-pool] + units [+ max-pool] [+ flatten], with dropout anywhere, then
/// linear (binary, or real behind units) [+ batch norm]; a bias goes into the
/// offset, with a batch norm as BatchNorm::folded() says.
///   hidden: bit = 1 iff scale s + offset >= 0 iff (+-s) >= threshold,
///           an integer; scale = 0 gives INT32_MIN or INT32_MAX
///   pooled: the greatest bit, or if sums are pooled the least where scale < 0:
///           there the greatest sum has the least bit
///   last:   score = float(double(scale) s + double(offset)); of real weights
///           s is what runtime::RealLinear says
///   noise:  the same with the statistics of drawn units in scale and offset
/// Errors: UsageError that names the layer and what it cannot be packed for;
/// with noise, stochastic weights and families that the runtime cannot draw.
PackedNetwork pack(const Network& network, std::string name,
                   std::vector<std::string> classes,
                   std::vector<std::pair<std::string, std::string>> metadata,
                   const PackOptions& options = {});

/// The smallest integer t with: double(scale) s + double(offset) >= 0 iff
/// s >= t, for scale > 0 and |s| < 2^31. INT32_MIN if it holds for all s,
/// INT32_MAX if for none.
int32_t integer_threshold(float scale, float offset);

}  // namespace signet

#pragma once

#include "signet/core/estimator.h"
#include "signet/core/path.h"

namespace signet {

/// The loss of each example had layer l of the path the units `x`: the layers
/// below as they are, those above drawn anew, with the noise of the main path
/// or fresh noise as tail_parameter() says. No gradient.
/// Shapes: x [E, n...] -> [E]; K states of the layer [K, E, n...] -> [K, E].
/// Cost: an evaluation for each state. `branch` tells calls for one layer
/// apart where the noise is fresh.
Tensor tail_loss(const Objective& objective, const RuleContext& context,
                 const Path& path, size_t l, const Tensor& x,
                 uint64_t branch = 0);

}  // namespace signet

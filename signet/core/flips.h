#pragma once

#include <functional>

#include "signet/core/path.h"

namespace signet {

/// For each unit of a layer a value of each example, found from the layer with
/// that unit flipped. `run` is given a block of flips, [k, E, n...], whose row
/// j has unit first + j flipped (in the order of elements), and returns their
/// values [k, E].
/// Shapes: loss [E], only its shape is looked at; result [E, n...].
/// Memory: a block has 2^22 units, or is one flip.
Tensor over_flips(
    const PathLayer& layer, const Tensor& loss,
    const std::function<Tensor(const Tensor& flipped, int64_t first)>& run);

/// The derivative of the probability of each unit's other state in its logit:
/// -F' where it is high, F' where it is low.
Tensor flip_slope(const PathLayer& layer);

}  // namespace signet

#pragma once

#include <vector>

#include "signet/core/path.h"

namespace signet {

/// `objective`, whose units become leaves that require a gradient.
Objective with_leaf_units(const Objective& objective);

/// The derivative of the loss of each example in the bits b of every layer,
/// x = low + width b, at the units of the path: dL/db = width dL/dx, the same
/// in both encodings. Layers in between pass it on by straight-through, that
/// is by the derivative F'(a) of their mean; so where all units are means the
/// derivative is that of the mean-field network.
/// The path must come from with_leaf_units, or have leaves for units.
/// Shapes: each [E, n...]. Cost: one backward pass; the graph is kept.
/// Errors: UsageError if the loss carries no gradient.
std::vector<Tensor> unit_gradients(const Path& path);

/// A sampled path with its unit_gradients.
struct DifferentiatedPath {
  Path path;
  std::vector<Tensor> gradients;
};

/// Independent paths, path k drawn by random.branch(k).
/// Cost: `samples` evaluations, each with a backward pass.
std::vector<DifferentiatedPath> differentiated_paths(const Objective& objective,
                                                     const Random& random,
                                                     int64_t samples);

/// Layer l of all paths as one, samples in front: [K, E, n...].
PathLayer stacked_layer(const std::vector<DifferentiatedPath>& paths, size_t l);
/// dL/db of layer l and the losses, in the same shape and [K, E]; detached.
Tensor stacked_gradients(const std::vector<DifferentiatedPath>& paths,
                         size_t l);
Tensor stacked_losses(const std::vector<DifferentiatedPath>& paths);

/// The mean over the paths, with gradients [K, E, n...] in the logits.
Estimate mean_estimate(const std::vector<DifferentiatedPath>& paths,
                       const std::vector<Tensor>& gradients);

/// b of a layer, in the type of its units.
Tensor bits(const PathLayer& layer);

}  // namespace signet

#pragma once

#include <vector>

#include "signet/core/objective.h"
#include "signet/core/random.h"
#include "signet/core/sampler.h"

namespace signet {

/// One layer of units as a run of an objective met it.
struct PathLayer {
  UnitOptions units;
  /// Carries the gradient of this layer's parameters alone: the units below
  /// are constants.
  Tensor logits;
  Tensor x;  ///< the units, detached

  double low() const { return signet::low(units.encoding); }
  double width() const { return signet::width(units.encoding); }
  double middle() const { return low() + width() / 2; }
  Tensor is_high() const { return x > middle(); }
  /// P(x = high), detached.
  Tensor probability() const { return units.noise->cdf(logits.detach()); }
  /// d log P(x) / d logits, finite for every logit.
  Tensor score() const;
  /// The other state of every unit.
  Tensor flipped() const { return 2 * middle() - x; }
};

/// A run of an objective, layer by layer.
struct Path {
  std::vector<PathLayer> layers;
  Tensor loss;  ///< of each example, E = [B] or [R, B] or [K, B] ...
};

/// How a run gets its units.
struct PathOptions {
  /// Values of the first layers, in the shape of their logits or with an axis
  /// of K samples in front; the layers after them are drawn.
  std::vector<Tensor> given = {};
  /// A path of the same objective and `random`: every one of the K samples
  /// sees its noise in the layers drawn. Null: they see noise of their own.
  const Path* same_noise_as = nullptr;
};

/// Runs the objective once. Layer l draws from random.site(l), so a run with
/// the same `random` and some layers given shares the noise of its tail with
/// the run without.
Path run_path(const Objective& objective, const Random& random,
              const PathOptions& options = {});

/// The losses alone, without gradient.
Tensor branch_loss(const Objective& objective, const Random& random,
                   const PathOptions& options);

/// The units of the layers below l, as `PathOptions::given` takes them.
std::vector<Tensor> prefix(const Path& path, size_t l);

/// The uniform numbers that drew layer l of a path: high where u < F(a).
Tensor path_noise(const Path& path, size_t l, const Random& random);

/// Sums over the axes of a layer's units that come after those of the
/// examples. Shapes: per_unit [E, n...], result [E] as `loss`.
Tensor sum_units(const Tensor& per_unit, const Tensor& loss);

/// Values [E] with the axes of units added, to multiply per-unit values by.
Tensor as_units(const Tensor& per_example, const Tensor& units);

/// `loss`, whose backward besides its own leaves in the logits of every layer
/// the `gradients` [E, n...], each multiplied by that of its example.
Tensor with_logit_gradients(const Tensor& loss, const Path& path,
                            const std::vector<Tensor>& gradients);

}  // namespace signet

#pragma once

#include <vector>

#include "signet/core/path.h"

namespace signet {

/// The joint states of the units of an objective. A state is an integer: bit i
/// says whether unit i is high; units count through the layers in turn, within
/// a layer in the order of its elements.
class StateSpace {
 public:
  /// Cost: one run of the objective, without gradient.
  explicit StateSpace(const Objective& objective);

  size_t layers() const { return probe_.layers.size(); }
  /// Shape E of the examples.
  at::IntArrayRef examples() const { return probe_.loss.sizes(); }
  /// Units of layer l of one example, and of all layers.
  int64_t units(size_t l) const;
  int64_t units() const;

  /// The units of layer l in states first .. first + count - 1 of that layer
  /// alone, as PathOptions::given takes them. Shapes: [count, E, n...].
  Tensor layer_states(size_t l, int64_t first, int64_t count) const;
  /// The same of all layers together.
  std::vector<Tensor> states(int64_t first, int64_t count) const;

 private:
  Path probe_;
};

/// log P(x) of all layers of a path, of the shape of its loss.
Tensor state_log_probability(const Path& path);

/// sum of P(s) L(s) over states first .. first + count - 1. Shapes: [E].
Tensor partial_expectation(const Objective& objective, const StateSpace& space,
                           int64_t first, int64_t count);

}  // namespace signet

#pragma once

#include "signet/models/layer_kind.h"

namespace signet {

enum class Activation { relu, tanh, sigmoid, hard_tanh };

/// A real activation, for the networks that binary ones are compared with.
template <Activation kFunction>
struct ActivationSpec {
  static LayerKind kind();
  static ActivationSpec read(const Arguments&) { return {}; }
  Shape output(const Shape& input, OpenShortcuts&) const { return input; }
  LayerCost cost(const Shape&) const { return {}; }
  std::shared_ptr<Layer> build(const Shape& input,
                               const RandomStream& random) const;
};

using ReluSpec = ActivationSpec<Activation::relu>;
using TanhSpec = ActivationSpec<Activation::tanh>;
using SigmoidSpec = ActivationSpec<Activation::sigmoid>;
using HardTanhSpec = ActivationSpec<Activation::hard_tanh>;

}  // namespace signet

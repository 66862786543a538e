#pragma once

#include "signet/models/layer_kind.h"

namespace signet {

/// Remembers its input for the next `add` that has none yet.
struct ShortcutSpec {
  static LayerKind kind();
  static ShortcutSpec read(const Arguments&) { return {}; }
  Shape output(const Shape& input, OpenShortcuts& open) const;
  LayerCost cost(const Shape&) const { return {}; }
  std::shared_ptr<Layer> build(const Shape& input,
                               const RandomStream& random) const;
};

/// x plus what the last open shortcut remembers, fitted without weights
/// (option A of He et al. 2016, arXiv:1512.03385): every s-th pixel of it, and
/// channels of zeros after its own.
struct AddSpec {
  static LayerKind kind();
  static AddSpec read(const Arguments&) { return {}; }
  Shape output(const Shape& input, OpenShortcuts& open) const;
  LayerCost cost(const Shape&) const { return {}; }
  std::shared_ptr<Layer> build(const Shape& input,
                               const RandomStream& random) const;
};

}  // namespace signet

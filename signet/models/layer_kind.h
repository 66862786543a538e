#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "signet/base/arguments.h"
#include "signet/base/error.h"
#include "signet/models/shape.h"

namespace signet {

class Layer;
struct RandomStream;

// A kind of layer is a struct S, in a file of layers/, with the numbers that
// describe one layer and
//   static LayerKind kind();                  how a recipe spells it
//   static S read(const Arguments&);
//   Shape output(Shape input, OpenShortcuts&) const;
//                                             Errors: UsageError
//   LayerCost cost(Shape input) const;
//   std::shared_ptr<Layer> build(Shape input, const RandomStream&) const;
// and a place in LayerSpec, network_spec.h.

struct LayerKind {
  std::string name;
  std::string help;
  std::vector<Parameter> parameters = {};
};

/// What a layer costs for one example.
struct LayerCost {
  int64_t binary_weights = 0;
  int64_t real_weights = 0;
  int64_t binary_macs = 0;  ///< multiply-accumulates with binary weights
  int64_t real_macs = 0;
};

/// For layers that work on maps. Errors: UsageError for a vector.
void check_map(const Shape& input);

/// The names of the noise families, as choices of a parameter.
std::vector<std::string> noise_names();

/// What shortcuts remember whose `add` is still to come, the innermost last.
struct OpenShortcut {
  Shape shape;
  std::string layer;  ///< "3.shortcut"
};
using OpenShortcuts = std::vector<OpenShortcut>;

}  // namespace signet

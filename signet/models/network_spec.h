#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "signet/models/batch_norm.h"
#include "signet/models/layers/activation.h"
#include "signet/models/layers/conv.h"
#include "signet/models/layers/dropout.h"
#include "signet/models/layers/flatten.h"
#include "signet/models/layers/linear.h"
#include "signet/models/layers/pool.h"
#include "signet/models/layers/quantize.h"
#include "signet/models/layers/shortcut.h"
#include "signet/models/layers/units.h"

namespace signet {

using LayerSpec =
    std::variant<LinearSpec, ConvSpec, MaxPoolSpec, AveragePoolSpec,
                 FlattenSpec, BatchNormSpec, UnitsSpec, ReluSpec, TanhSpec,
                 SigmoidSpec, HardTanhSpec, QuantizeSpec, DropoutSpec,
                 ShortcutSpec, AddSpec>;

/// A network, described once: the module, the summary and the exporter are
/// derived from this. The layers follow one another; `shortcut` and `add` mark
/// the ends of residual blocks.
struct NetworkSpec {
  /// Of one example, pixels 0 .. 255. A map's pixels come as data sets store
  /// them, [channels, height, width]; a first linear layer takes them so.
  Shape input;
  std::vector<LayerSpec> layers;
};

/// All kinds of layers, for parsing and for help.
const std::vector<LayerKind>& layer_kinds();

/// Reads spellings such as "linear(outputs=1024)", "batch-norm", "units" and
/// follows the shapes through them.
/// Errors: UsageError that names the layer and what is wrong with it; where
/// shapes do not meet, both layers and shapes.
NetworkSpec parse_network(const Shape& input,
                          const std::vector<std::string>& layers);

/// Reads the spellings alone, where no input is known yet.
std::vector<LayerSpec> parse_layers(const std::vector<std::string>& layers);

/// What a layer is and costs for one example.
struct LayerSummary {
  std::string name;  ///< "0.linear"
  std::string kind;  ///< "linear"
  Shape output;
  LayerCost cost;

  /// Of the weights as shipped: 1 bit a binary one, 32 a real one.
  int64_t bytes() const {
    return (cost.binary_weights + 7) / 8 + 4 * cost.real_weights;
  }
};

/// Errors: as parse_network, of shapes.
std::vector<LayerSummary> summarize(const NetworkSpec& spec);

/// The name of layer i in tables, traces and model files: "0.linear".
std::string layer_name(const NetworkSpec& spec, size_t i);

/// Whether a layer asks the Sampler for units or weights.
bool draws(const NetworkSpec& spec);

/// The weights of a linear layer or convolution; null for other layers.
const WeightSpec* weights_of(const LayerSpec& layer);

/// The shape that layer i is given.
Shape layer_input(const NetworkSpec& spec, size_t i);

}  // namespace signet

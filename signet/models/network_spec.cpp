#include "signet/models/network_spec.h"

#include <algorithm>
#include <utility>

#include "signet/base/names.h"
#include "signet/core/checks.h"

namespace signet {
namespace {

struct Reader {
  LayerKind kind;
  LayerSpec (*read)(const Arguments&);
};

template <size_t... kIndex>
std::vector<Reader> make_readers(std::index_sequence<kIndex...>) {
  return {{std::variant_alternative_t<kIndex, LayerSpec>::kind(),
           [](const Arguments& a) -> LayerSpec {
             return std::variant_alternative_t<kIndex, LayerSpec>::read(a);
           }}...};
}

/// In the order of the alternatives.
const std::vector<Reader>& readers() {
  static const auto all =
      make_readers(std::make_index_sequence<std::variant_size_v<LayerSpec>>{});
  return all;
}

LayerSpec parse_layer(const std::string& spelling) {
  const auto call = parse_call(spelling);
  std::vector<std::string> names;
  for (const auto& [kind, read] : readers()) {
    if (kind.name == call.name) return read(Arguments(kind.parameters, call));
    names.push_back(kind.name);
  }
  throw UsageError(unknown_name("layer", call.name, names));
}

const LayerKind& kind_of(const LayerSpec& layer) {
  return readers()[layer.index()].kind;
}

// More than any network that trains in the memory of one machine; without
// them a slip of a digit asks for terabytes.
constexpr size_t kMostLayers = 1000;
constexpr int64_t kMostInputs = int64_t{1} << 26;
constexpr int64_t kMostValues = int64_t{1} << 28;   ///< of an example
constexpr int64_t kMostWeights = int64_t{1} << 31;  ///< of all layers

/// A linear layer that comes first takes the pixels of a map as they are.
Shape first_input(const NetworkSpec& spec) {
  const auto first = std::find_if(
      spec.layers.begin(), spec.layers.end(), [](const LayerSpec& layer) {
        return !std::holds_alternative<DropoutSpec>(layer);
      });
  const bool linear =
      first != spec.layers.end() && std::holds_alternative<LinearSpec>(*first);
  return linear ? Shape::vector(spec.input.values()) : spec.input;
}

}  // namespace

const std::vector<LayerKind>& layer_kinds() {
  static const auto kinds = [] {
    std::vector<LayerKind> all;
    for (const auto& reader : readers()) all.push_back(reader.kind);
    return all;
  }();
  return kinds;
}

std::vector<LayerSpec> parse_layers(const std::vector<std::string>& layers) {
  check(!layers.empty(), "network.layers", "must name at least one layer");
  check(layers.size() <= kMostLayers, "network.layers",
        "must name at most " + std::to_string(kMostLayers) +
            " layers, but got " + std::to_string(layers.size()));
  std::vector<LayerSpec> specs;
  for (const auto& layer : layers) {
    try {
      specs.push_back(parse_layer(layer));
    } catch (const UsageError& error) {
      throw UsageError("network.layers[" + std::to_string(specs.size()) +
                       "]: " + error.what());
    }
  }
  return specs;
}

NetworkSpec parse_network(const Shape& input,
                          const std::vector<std::string>& layers) {
  check(input.values() > 0 && input.values() <= kMostInputs, "network.inputs",
        "must be from 1 to " + std::to_string(kMostInputs) + ", but got " +
            std::to_string(input.values()));
  NetworkSpec spec{.input = input, .layers = parse_layers(layers)};
  summarize(spec);
  return spec;
}

std::string layer_name(const NetworkSpec& spec, size_t i) {
  return std::to_string(i) + "." + kind_of(spec.layers[i]).name;
}

std::vector<LayerSummary> summarize(const NetworkSpec& spec) {
  std::vector<LayerSummary> all;
  OpenShortcuts open;
  Shape shape = first_input(spec);
  int64_t weights = 0;
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const auto name = layer_name(spec, i);
    const size_t before = open.size();
    try {
      const auto output = std::visit(
          [&](const auto& s) { return s.output(shape, open); }, spec.layers[i]);
      const auto cost = std::visit([&](const auto& s) { return s.cost(shape); },
                                   spec.layers[i]);
      weights += cost.binary_weights + cost.real_weights;
      if (output.values() > kMostValues || weights > kMostWeights) {
        throw UsageError(
            "makes the network too large: an example must have "
            "at most " +
            std::to_string(kMostValues) +
            " values in a layer, and all layers " +
            std::to_string(kMostWeights) + " weights");
      }
      all.push_back({name, kind_of(spec.layers[i]).name, output, cost});
      shape = output;
    } catch (const UsageError& error) {
      throw UsageError("network.layers[" + std::to_string(i) + "]: " + name +
                       " after " +
                       (i == 0 ? "the input" : layer_name(spec, i - 1)) + " (" +
                       shape.text() + ") " + error.what());
    }
    if (open.size() > before) open.back().layer = name;
  }
  check(open.empty(), "network.layers",
        (open.empty() ? "" : open.back().layer) + " has no 'add' after it");
  return all;
}

const WeightSpec* weights_of(const LayerSpec& layer) {
  if (const auto* linear = std::get_if<LinearSpec>(&layer))
    return &linear->weights;
  if (const auto* conv = std::get_if<ConvSpec>(&layer)) return &conv->weights;
  return nullptr;
}

bool draws(const NetworkSpec& spec) {
  return std::any_of(
      spec.layers.begin(), spec.layers.end(), [](const LayerSpec& layer) {
        const auto* units = std::get_if<UnitsSpec>(&layer);
        const auto* weights = weights_of(layer);
        return (units && !units->deterministic) ||
               (weights && weights->kind == WeightSpec::Kind::stochastic);
      });
}

Shape layer_input(const NetworkSpec& spec, size_t i) {
  return i == 0 ? first_input(spec) : summarize(spec)[i - 1].output;
}

}  // namespace signet

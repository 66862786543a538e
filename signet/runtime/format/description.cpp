#include "signet/runtime/format/description.h"

#include <cmath>
#include <limits>
#include <optional>

#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

using Reason = std::optional<std::string>;

std::string sizes(std::int64_t expected, std::size_t got) {
  return "expected " + std::to_string(expected) + ", got " +
         std::to_string(got);
}

Reason check_width(const char* what, std::int64_t width) {
  if (width >= 1 && width <= kMaxWidth) return std::nullopt;
  return std::string(what) + " must be in 1.." + std::to_string(kMaxWidth) +
         ", got " + std::to_string(width);
}

Reason check_weights(const BinaryLinear& layer) {
  const std::int64_t row = words_for(layer.inputs);
  const std::int64_t expected = layer.outputs * row;
  if (static_cast<std::int64_t>(layer.weights.size()) != expected) {
    return "weight words: " + sizes(expected, layer.weights.size());
  }
  const int used = static_cast<int>(layer.inputs % 64);
  if (used == 0) return std::nullopt;
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    if (layer.weights[(j + 1) * row - 1] >> used != 0) {
      return "row " + std::to_string(j) + " is not padded with 0 bits";
    }
  }
  return std::nullopt;
}

Reason check_thresholds(const BinaryLinear& layer, const Thresholds& t) {
  if (static_cast<std::int64_t>(t.values.size()) == layer.outputs) {
    return std::nullopt;
  }
  return "thresholds: " + sizes(layer.outputs, t.values.size());
}

Reason check_scores(const BinaryLinear& layer, const Scores& scores) {
  for (const auto* values : {&scores.scale, &scores.offset}) {
    if (static_cast<std::int64_t>(values->size()) != layer.outputs) {
      return "scales and offsets: " + sizes(layer.outputs, values->size());
    }
  }
  const double largest_sum =
      (layer.input == InputEncoding::pixels ? 255.0 : 1.0) * layer.inputs;
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    const double largest = std::abs(double{scores.scale[j]}) * largest_sum +
                           std::abs(double{scores.offset[j]});
    // Written so that NaN fails too.
    if (!(largest <= std::numeric_limits<float>::max())) {
      return "score " + std::to_string(j) + " can leave the range of a float";
    }
  }
  return std::nullopt;
}

struct Place {
  std::int64_t inputs;  ///< width of what comes in
  bool first, last;
};

Reason check_layer(const BinaryLinear& layer, const Place& place) {
  if (auto reason = check_width("inputs", layer.inputs)) return reason;
  if (auto reason = check_width("outputs", layer.outputs)) return reason;
  if (layer.inputs != place.inputs) {
    return "inputs: " + std::to_string(place.inputs) + " come in, but " +
           std::to_string(layer.inputs) + " are expected";
  }
  if (layer.input == InputEncoding::pixels && !place.first) {
    return "only the first layer can read pixels";
  }
  if (auto reason = check_weights(layer)) return reason;
  const auto* scores = std::get_if<Scores>(&layer.output);
  if (place.last != (scores != nullptr)) {
    return "the last layer, and no other, must give scores";
  }
  return scores ? check_scores(layer, *scores)
                : check_thresholds(layer, std::get<Thresholds>(layer.output));
}

}  // namespace

Result<Done> check_description(const ModelDescription& model) {
  const auto count = static_cast<std::int64_t>(model.layers.size());
  if (count < 1 || count > kMaxLayers) {
    return Error{"model: layers must number 1.." + std::to_string(kMaxLayers) +
                 ", got " + std::to_string(count)};
  }
  std::int64_t width = model.inputs;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto& layer = std::get<BinaryLinear>(model.layers[i]);
    const Place place{width, i == 0, i + 1 == count};
    if (const auto reason = check_layer(layer, place)) {
      return Error{"model: layer " + std::to_string(i) +
                   (layer.name.empty() ? "" : " (" + layer.name + ")") + ": " +
                   *reason};
    }
    width = layer.outputs;
  }
  const auto classes = static_cast<std::int64_t>(model.classes.size());
  if (classes != 0 && classes != width) {
    return Error{"model: class names: " + sizes(width, model.classes.size())};
  }
  return Done{};
}

}  // namespace signet::runtime

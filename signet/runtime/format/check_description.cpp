#include "signet/runtime/format/check_description.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <optional>

#include "signet/runtime/packing.h"

namespace signet::runtime {
namespace {

using Reason = std::optional<std::string>;

/// Where a layer stands.
struct Place {
  std::optional<MapShape> before;  ///< what comes in; the first reads bytes
  std::int64_t inputs;             ///< values that come in
  bool last;
};

std::string sizes(std::int64_t expected, std::size_t got) {
  return "expected " + std::to_string(expected) + ", got " +
         std::to_string(got);
}

Reason check_range(const char* what, std::int64_t value, std::int64_t lowest,
                   std::int64_t highest) {
  if (value >= lowest && value <= highest) return std::nullopt;
  return std::string(what) + " must be in " + std::to_string(lowest) + ".." +
         std::to_string(highest) + ", got " + std::to_string(value);
}

Reason check_width(const char* what, std::int64_t width) {
  return check_range(what, width, 1, kMaxWidth);
}

/// Each factor and the product of all, which may leave 64 bits.
Reason check_product(const char* what,
                     std::initializer_list<std::int64_t> factors,
                     std::int64_t most = kMaxWidth) {
  std::int64_t product = 1;
  for (const std::int64_t factor : factors) {
    if (auto reason = check_range(what, factor, 1, most)) return reason;
    product *= factor;  // below 2^48
    if (product > most) {
      return std::string(what) + " must number at most " +
             std::to_string(most) + " together";
    }
  }
  return std::nullopt;
}

Reason check_row_padding(const std::vector<std::uint64_t>& words,
                         std::int64_t rows, std::int64_t bits) {
  const std::int64_t row = words_for(bits);
  const int used = static_cast<int>(bits % 64);
  for (std::int64_t j = 0; used != 0 && j < rows; ++j) {
    if (words[(j + 1) * row - 1] >> used != 0) {
      return "row " + std::to_string(j) + " is not padded with 0 bits";
    }
  }
  return std::nullopt;
}

Reason check_weights(const std::vector<std::uint64_t>& weights,
                     std::int64_t outputs, std::int64_t inputs) {
  const std::int64_t expected = outputs * words_for(inputs);
  if (static_cast<std::int64_t>(weights.size()) != expected) {
    return "weight words: " + sizes(expected, weights.size());
  }
  return check_row_padding(weights, outputs, inputs);
}

Reason check_thresholds(const Thresholds& t, std::int64_t outputs) {
  if (static_cast<std::int64_t>(t.values.size()) == outputs) {
    return std::nullopt;
  }
  return "thresholds: " + sizes(outputs, t.values.size());
}

/// scale s + offset, where largest_sum(j) is the greatest |s_j|.
template <class LargestSum>
Reason check_affine(const char* what, const std::vector<float>& scale,
                    const std::vector<float>& offset, std::int64_t outputs,
                    const LargestSum& largest_sum) {
  for (const auto* values : {&scale, &offset}) {
    if (static_cast<std::int64_t>(values->size()) != outputs) {
      return "scales and offsets: " + sizes(outputs, values->size());
    }
  }
  for (std::int64_t j = 0; j < outputs; ++j) {
    const double largest = std::abs(double{scale[j]}) * largest_sum(j) +
                           std::abs(double{offset[j]});
    // Written so that NaN fails too.
    if (!(largest <= std::numeric_limits<float>::max())) {
      return std::string(what) + " " + std::to_string(j) +
             " can leave the range of a float";
    }
  }
  return std::nullopt;
}

/// The greatest |s_j| of binary weights over so many inputs, for every j.
auto sum_of_inputs(InputEncoding input, std::int64_t inputs) {
  const double most = input == InputEncoding::pixels ? 255 : 1;
  return [sum = most * inputs](std::int64_t) { return sum; };
}

/// At least the greatest |s_j| of real weights, of which rounding makes an
/// eighth more at most.
auto sum_of_weights(const RealLinear& layer) {
  return [&layer](std::int64_t j) {
    double sum = 0;
    for (std::int64_t k = 0; k < layer.inputs; ++k) {
      sum += std::abs(double{layer.weights[j * layer.inputs + k]});
    }
    return 2 * sum;
  };
}

Reason check_scores(const BinaryLinear& layer, const Scores& scores) {
  return check_affine("score", scores.scale, scores.offset, layer.outputs,
                      sum_of_inputs(layer.input, layer.inputs));
}

std::string mismatch(const std::string& got, const std::string& expected) {
  return "inputs: " + got + " come in, but " + expected + " are expected";
}

/// A row reads whatever came before, an image only its like; the bytes in
/// front have no shape.
Reason check_image(const MapShape& in, const Place& place) {
  if (auto reason = check_product("sizes of the inputs",
                                  {in.height, in.width, in.channels})) {
    return reason;
  }
  if (place.before && *place.before != in) {
    return mismatch(to_string(*place.before), to_string(in));
  }
  if (place.inputs != in.values()) {
    return mismatch(std::to_string(place.inputs), to_string(in));
  }
  return std::nullopt;
}

Reason check_window(const Window& window, const MapShape& in) {
  if (auto reason =
          check_product("sizes of the window", {window.height, window.width})) {
    return reason;
  }
  if (auto reason = check_width("stride", window.stride)) return reason;
  if (auto reason = check_range("pad", window.pad, 0,
                                std::min(window.height, window.width) - 1)) {
    return reason;
  }
  if (window.height > in.height + 2 * window.pad ||
      window.width > in.width + 2 * window.pad) {
    return "a window of " + std::to_string(window.height) + "x" +
           std::to_string(window.width) + " does not fit into " +
           to_string(in) + " with pad " + std::to_string(window.pad);
  }
  return std::nullopt;
}

Reason check_padding(const BinaryConv& layer) {
  const auto allowed = [&] {
    switch (layer.padding) {
      case Padding::zero:
        return true;
      case Padding::minus:
        return layer.input == InputEncoding::signs;
      case Padding::plus:
        return layer.input != InputEncoding::pixels;
    }
    return false;
  };
  if (allowed()) return std::nullopt;
  return std::string("padding '") + padding_name(layer.padding) +
         "' is no value of inputs that are " + encoding_name(layer.input);
}

Reason check_input(InputEncoding input, const Place& place) {
  if (input != InputEncoding::pixels || !place.before) return std::nullopt;
  return "only the first layer can read pixels";
}

Reason check_end(bool gives_scores, const Place& place) {
  if (place.last == gives_scores) return std::nullopt;
  return "the last layer, and no other, must give scores";
}

Reason check_layer(const BinaryLinear& layer, const Place& place) {
  if (auto reason = check_width("inputs", layer.inputs)) return reason;
  if (auto reason = check_width("outputs", layer.outputs)) return reason;
  if (layer.inputs != place.inputs) {
    return mismatch(std::to_string(place.inputs), std::to_string(layer.inputs));
  }
  if (auto reason = check_input(layer.input, place)) return reason;
  if (auto reason = check_weights(layer.weights, layer.outputs, layer.inputs)) {
    return reason;
  }
  const auto* scores = std::get_if<Scores>(&layer.output);
  if (auto reason = check_end(scores != nullptr, place)) return reason;
  return scores ? check_scores(layer, *scores)
                : check_thresholds(std::get<Thresholds>(layer.output),
                                   layer.outputs);
}

Reason check_layer(const BinaryConv& layer, const Place& place) {
  if (auto reason = check_image(layer.in, place)) return reason;
  if (auto reason = check_window(layer.window, layer.in)) return reason;
  if (auto reason = check_product(
          "inputs of a sum",
          {layer.window.height, layer.window.width, layer.in.channels})) {
    return reason;
  }
  // Images are framed in memory before they are convolved.
  const std::int64_t frame = 2 * layer.window.pad;
  if (auto reason = check_product(
          "sizes of the padded inputs",
          {layer.in.height + frame, layer.in.width + frame, layer.in.channels},
          kMaxPaddedWidth)) {
    return reason;
  }
  if (auto reason = check_width("outputs", layer.outputs)) return reason;
  const MapShape out = output_shape(layer);
  if (auto reason = check_product("sizes of the outputs",
                                  {out.height, out.width, out.channels})) {
    return reason;
  }
  if (auto reason = check_input(layer.input, place)) return reason;
  if (auto reason = check_padding(layer)) return reason;
  if (auto reason = check_end(false, place)) return reason;
  if (auto reason =
          check_weights(layer.weights, layer.outputs, layer.patch())) {
    return reason;
  }
  return check_thresholds(layer.thresholds, layer.outputs);
}

Reason check_layer(const MaxPool& layer, const Place& place) {
  if (!place.before) return "the first layer must be linear or a convolution";
  if (auto reason = check_image(layer.in, place)) return reason;
  if (auto reason = check_window(layer.window, layer.in)) return reason;
  if (layer.window.pad != 0) return "max pooling has no padding";
  if (auto reason = check_end(false, place)) return reason;
  if (layer.least.empty()) return std::nullopt;
  const std::int64_t words = words_for(layer.in.channels);
  if (static_cast<std::int64_t>(layer.least.size()) != words) {
    return "words of channels that take the least: " +
           sizes(words, layer.least.size());
  }
  return check_row_padding(layer.least, 1, layer.in.channels);
}

Reason check_layer(const RealLinear& layer, const Place& place) {
  if (layer.input == InputEncoding::pixels) {
    return "real weights want inputs that are signs or bits";
  }
  if (auto reason = check_width("inputs", layer.inputs)) return reason;
  if (auto reason = check_width("outputs", layer.outputs)) return reason;
  if (layer.inputs != place.inputs) {
    return mismatch(std::to_string(place.inputs), std::to_string(layer.inputs));
  }
  const std::int64_t expected = layer.inputs * layer.outputs;
  if (static_cast<std::int64_t>(layer.weights.size()) != expected) {
    return "weights: " + sizes(expected, layer.weights.size());
  }
  if (auto reason = check_end(true, place)) return reason;
  return check_affine("score", layer.scores.scale, layer.scores.offset,
                      layer.outputs, sum_of_weights(layer));
}

Reason check_sampled(const BinaryLinear& layer, const SampledLayer& sampled) {
  return check_affine("logit", sampled.scale, sampled.offset, layer.outputs,
                      sum_of_inputs(layer.input, layer.inputs));
}
Reason check_sampled(const BinaryConv& layer, const SampledLayer& sampled) {
  return check_affine("logit", sampled.scale, sampled.offset, layer.outputs,
                      sum_of_inputs(layer.input, layer.patch()));
}
Reason check_sampled(const MaxPool&, const SampledLayer&) {
  return std::nullopt;
}
Reason check_sampled(const RealLinear& layer, const SampledLayer& sampled) {
  return check_affine("logit", sampled.scale, sampled.offset, layer.outputs,
                      sum_of_weights(layer));
}

bool is_pool(const Layer& layer) {
  return std::holds_alternative<MaxPool>(layer);
}

Error bad_model(const std::string& what) {
  return Error{"model: " + what, ErrorKind::format};
}

/// The sampled layers of a model that has them.
Result<Done> check_all_sampled(const ModelDescription& model) {
  const auto& layers = model.layers;
  std::size_t next = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (is_pool(layers[i])) continue;
    if (next == model.sampled.size()) {
      return bad_model("sampled layers: fewer than layers with weights");
    }
    const SampledLayer& sampled = model.sampled[next++];
    std::int64_t pools = 0;
    while (i + 1 + pools < layers.size() && is_pool(layers[i + 1 + pools])) {
      ++pools;
    }
    auto reason = std::visit(
        [&](const auto& layer) { return check_sampled(layer, sampled); },
        layers[i]);
    if (!reason) reason = check_range("pools", sampled.pools, 0, pools);
    if (!reason && i + 1 == layers.size() &&
        sampled.noise != NoiseFamily::none) {
      reason = "the last layer's scores have no noise";
    }
    if (reason) {
      return bad_model("sampled layer " + std::to_string(next - 1) + ": " +
                       *reason);
    }
  }
  if (next == model.sampled.size()) return Done{};
  return bad_model("sampled layers: more than layers with weights");
}

}  // namespace

Result<Done> check_description(const ModelDescription& model) {
  const auto count = static_cast<std::int64_t>(model.layers.size());
  if (count < 1 || count > kMaxLayers) {
    return bad_model("layers must number 1.." + std::to_string(kMaxLayers) +
                     ", got " + std::to_string(count));
  }
  Place place{std::nullopt, model.inputs, false};
  for (std::int64_t i = 0; i < count; ++i) {
    const Layer& layer = model.layers[i];
    place.last = i + 1 == count;
    const auto reason = std::visit(
        [&](const auto& each) { return check_layer(each, place); }, layer);
    if (reason) {
      const std::string& name = name_of(layer);
      return bad_model("layer " + std::to_string(i) +
                       (name.empty() ? "" : " (" + name + ")") + ": " +
                       *reason);
    }
    place.before = output_shape(layer);
    place.inputs = place.before->values();
  }
  const auto classes = static_cast<std::int64_t>(model.classes.size());
  if (classes != 0 && classes != place.inputs) {
    return bad_model("class names: " +
                     sizes(place.inputs, model.classes.size()));
  }
  if (!model.sampled.empty()) return check_all_sampled(model);
  return Done{};
}

}  // namespace signet::runtime

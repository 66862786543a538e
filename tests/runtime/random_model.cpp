#include "tests/runtime/random_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace signet::runtime {
namespace {

std::vector<std::uint64_t> random_bits(Engine& engine, std::int64_t rows,
                                       std::int64_t bits) {
  const std::int64_t words = (bits + 63) / 64;
  std::vector<std::uint64_t> random(rows * words);
  for (std::int64_t j = 0; j < rows; ++j) {
    for (std::int64_t k = 0; k < bits; ++k) {
      random[j * words + k / 64] |= (engine() >> 40 & 1) << (k % 64);
    }
  }
  return random;
}

Thresholds random_thresholds(Engine& engine, std::int64_t outputs, int spread) {
  Thresholds random;
  std::uniform_int_distribution<std::int32_t> uniform(-spread, spread);
  for (std::int64_t j = 0; j < outputs; ++j) {
    random.values.push_back(uniform(engine));
  }
  return random;
}

/// The weights as -1 and +1, [rows, inputs].
std::vector<int> to_ints(const std::vector<std::uint64_t>& weights,
                         std::int64_t rows, std::int64_t inputs) {
  const std::int64_t words = (inputs + 63) / 64;
  std::vector<int> ints;
  for (std::int64_t j = 0; j < rows; ++j) {
    for (std::int64_t k = 0; k < inputs; ++k) {
      ints.push_back(weights[j * words + k / 64] >> (k % 64) & 1 ? 1 : -1);
    }
  }
  return ints;
}

/// What a byte stands for.
int value_of(InputEncoding input, std::uint8_t byte) {
  return input == InputEncoding::signs ? (byte ? 1 : -1) : byte;
}

/// The greatest in each window, or the least.
template <class T>
std::vector<T> pool_of(const MaxPool& layer, const std::vector<T>& images) {
  const auto& [height, width, channels] = layer.in;
  const auto& window = layer.window;
  std::vector<T> pooled;
  for (std::size_t image = 0; image < images.size();
       image += layer.in.values()) {
    for (std::int64_t top = 0; top + window.height <= height;
         top += window.stride) {
      for (std::int64_t left = 0; left + window.width <= width;
           left += window.stride) {
        for (std::int64_t c = 0; c < channels; ++c) {
          const T first = images[image + (top * width + left) * channels + c];
          T greatest = first, least = first;
          for (std::int64_t y = top; y < top + window.height; ++y) {
            for (std::int64_t x = left; x < left + window.width; ++x) {
              const T value = images[image + (y * width + x) * channels + c];
              greatest = std::max(greatest, value);
              least = std::min(least, value);
            }
          }
          const bool takes_least =
              !layer.least.empty() && layer.least[c / 64] >> (c % 64) & 1;
          pooled.push_back(takes_least ? least : greatest);
        }
      }
    }
  }
  return pooled;
}

}  // namespace

BinaryLinear random_layer(Engine& engine, InputEncoding input,
                          std::int64_t inputs, std::int64_t outputs,
                          bool scores) {
  BinaryLinear layer{
      .name = "layer", .inputs = inputs, .outputs = outputs, .input = input};
  layer.weights = random_bits(engine, outputs, inputs);
  if (scores) {
    Scores random;
    std::normal_distribution<float> normal;
    for (std::int64_t j = 0; j < outputs; ++j) {
      random.scale.push_back(normal(engine));
      random.offset.push_back(normal(engine));
    }
    layer.output = random;
  } else {
    layer.output = random_thresholds(engine, outputs,
                                     input == InputEncoding::pixels ? 500 : 6);
  }
  return layer;
}

RealLinear random_real_layer(Engine& engine, InputEncoding input,
                             std::int64_t inputs, std::int64_t outputs) {
  RealLinear layer{
      .name = "real", .inputs = inputs, .outputs = outputs, .input = input};
  std::normal_distribution<float> normal;
  for (std::int64_t i = 0; i < inputs * outputs; ++i) {
    const auto coin = engine() % 100;
    const float size = coin == 0 ? 50.0F : coin < 5 ? 0.0F : 0.1F;
    layer.weights.push_back(size * normal(engine));
  }
  for (std::int64_t j = 0; j < outputs; ++j) {
    layer.scores.scale.push_back(normal(engine));
    layer.scores.offset.push_back(normal(engine));
  }
  return layer;
}

BinaryConv random_conv(Engine& engine, InputEncoding input, const MapShape& in,
                       std::int64_t outputs, const Window& window,
                       Padding padding) {
  BinaryConv layer{.name = "conv",
                   .in = in,
                   .outputs = outputs,
                   .window = window,
                   .padding = padding,
                   .input = input};
  layer.weights = random_bits(engine, outputs, layer.patch());
  const int spread = 1 + static_cast<int>(std::sqrt(layer.patch()));
  layer.thresholds = random_thresholds(
      engine, outputs, input == InputEncoding::pixels ? 100 * spread : spread);
  return layer;
}

MaxPool random_pool(Engine& engine, const MapShape& in, const Window& window) {
  return {.name = "pool",
          .in = in,
          .window = window,
          .least = random_bits(engine, 1, in.channels)};
}

ModelDescription random_model(Engine& engine, InputEncoding input,
                              const std::vector<std::int64_t>& widths) {
  ModelDescription model{.name = "random", .inputs = widths.front()};
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    const bool last = i + 2 == widths.size();
    const auto encoding = i == 0       ? input
                          : i % 2 == 1 ? InputEncoding::signs
                                       : InputEncoding::bits;
    model.layers.push_back(
        random_layer(engine, encoding, widths[i], widths[i + 1], last));
  }
  for (std::int64_t c = 0; c < widths.back(); ++c) {
    model.classes.push_back("class " + std::to_string(c));
  }
  model.metadata = {{"made by", "tests"}, {"seed", "fixed"}};
  return model;
}

ModelDescription random_image_model(Engine& engine, InputEncoding input,
                                    std::int64_t channels) {
  const MapShape image{9, 11, 3};
  ModelDescription model{.name = "images", .inputs = image.values()};
  const auto add = [&](Layer layer) {
    model.layers.push_back(std::move(layer));
    return output_shape(model.layers.back());
  };
  const Window same{3, 3, 1, 1};
  auto at = add(random_conv(engine, input, image, channels, same));
  at = add(random_conv(engine, InputEncoding::signs, at, 66, same));
  at = add(random_pool(engine, at, {2, 2, 2}));
  at = add(random_conv(engine, InputEncoding::bits, at, 130, {2, 3, 1, 1},
                       Padding::plus));
  at = add(random_pool(engine, at, {2, 2, 1}));
  at = add(random_conv(engine, InputEncoding::signs, at, channels, same,
                       Padding::minus));
  at = add(random_layer(engine, InputEncoding::signs, at.values(), 40));
  add(random_layer(engine, InputEncoding::bits, 40, 7, true));
  return model;
}

void add_random_noise(Engine& engine, ModelDescription& model) {
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const auto* conv = std::get_if<BinaryConv>(&model.layers[i]);
    const auto* linear = std::get_if<BinaryLinear>(&model.layers[i]);
    if (!conv && !linear) continue;
    const bool last = i + 1 == model.layers.size();
    SampledLayer sampled;
    sampled.noise = last ? NoiseFamily::none
                         : static_cast<NoiseFamily>((model.sampled.size() + 1) %
                                                    kNoiseFamilies);
    const auto inputs = conv ? conv->patch() : linear->inputs;
    const auto input = conv ? conv->input : linear->input;
    const float size = std::sqrt(static_cast<float>(inputs)) *
                       (input == InputEncoding::pixels ? 128 : 1);
    for (std::int64_t j = 0; j < (conv ? conv->outputs : linear->outputs);
         ++j) {
      sampled.scale.push_back((uniform(engine) + 1.5F) / size);
      sampled.offset.push_back(uniform(engine));
    }
    const bool pooled =
        !last && std::holds_alternative<MaxPool>(model.layers[i + 1]);
    sampled.pools = pooled && model.sampled.size() % 2 == 1;
    model.sampled.push_back(sampled);
  }
}

std::vector<std::uint8_t> random_inputs(Engine& engine, InputEncoding input,
                                        std::int64_t rows,
                                        std::int64_t inputs) {
  std::vector<std::uint8_t> bytes(rows * inputs);
  const int mask = input == InputEncoding::pixels ? 255 : 1;
  for (auto& byte : bytes) byte = engine() >> 40 & mask;
  return bytes;
}

std::vector<std::uint8_t> channels_last(const std::vector<std::uint8_t>& planes,
                                        const MapShape& shape) {
  std::vector<std::uint8_t> out(planes.size());
  for (std::size_t i = 0; i < planes.size(); ++i) {
    const std::int64_t in_image = i % shape.values();
    const std::int64_t channel = in_image / shape.pixels();
    const std::int64_t pixel = in_image % shape.pixels();
    out[i - in_image + pixel * shape.channels + channel] = planes[i];
  }
  return out;
}

std::vector<std::int32_t> naive_sums(const BinaryLinear& layer,
                                     const std::vector<std::uint8_t>& inputs) {
  const auto rows = static_cast<std::int64_t>(inputs.size()) / layer.inputs;
  const auto weights = to_ints(layer.weights, layer.outputs, layer.inputs);
  std::vector<std::int32_t> sums;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t j = 0; j < layer.outputs; ++j) {
      std::int32_t sum = 0;
      for (std::int64_t k = 0; k < layer.inputs; ++k) {
        sum += weights[j * layer.inputs + k] *
               value_of(layer.input, inputs[row * layer.inputs + k]);
      }
      sums.push_back(sum);
    }
  }
  return sums;
}

std::vector<std::int32_t> naive_sums(const BinaryConv& layer,
                                     const std::vector<std::uint8_t>& images) {
  constexpr int kOutside[] = {0, -1, 1};
  const int outside = kOutside[static_cast<int>(layer.padding)];
  const auto& [height, width, channels] = layer.in;
  const auto& window = layer.window;
  const auto weights = to_ints(layer.weights, layer.outputs, layer.patch());
  std::vector<std::int32_t> sums;
  for (std::size_t image = 0; image < images.size();
       image += layer.in.values()) {
    for (std::int64_t top = -window.pad;
         top + window.height <= height + window.pad; top += window.stride) {
      for (std::int64_t left = -window.pad;
           left + window.width <= width + window.pad; left += window.stride) {
        for (std::int64_t j = 0; j < layer.outputs; ++j) {
          const int* w = weights.data() + j * layer.patch();
          std::int32_t sum = 0;
          for (std::int64_t y = top; y < top + window.height; ++y) {
            for (std::int64_t x = left; x < left + window.width; ++x) {
              const bool inside = y >= 0 && y < height && x >= 0 && x < width;
              for (std::int64_t c = 0; c < channels; ++c) {
                const std::size_t at = image + (y * width + x) * channels + c;
                sum += *w++ *
                       (inside ? value_of(layer.input, images[at]) : outside);
              }
            }
          }
          sums.push_back(sum);
        }
      }
    }
  }
  return sums;
}

std::vector<std::uint8_t> naive_bits(const Thresholds& thresholds,
                                     const std::vector<std::int32_t>& sums) {
  std::vector<std::uint8_t> bits;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    bits.push_back(sums[i] >= thresholds.values[i % thresholds.values.size()]);
  }
  return bits;
}

std::vector<std::uint8_t> naive_pool(const MaxPool& layer,
                                     const std::vector<std::uint8_t>& images) {
  return pool_of(layer, images);
}

std::vector<std::int32_t> naive_pool(const MaxPool& layer,
                                     const std::vector<std::int32_t>& images) {
  return pool_of(layer, images);
}

std::vector<float> naive_scores(const RealLinear& layer,
                                const std::vector<std::uint8_t>& inputs) {
  std::vector<float> scores;
  for (std::size_t row = 0; row < inputs.size(); row += layer.inputs) {
    for (std::int64_t j = 0; j < layer.outputs; ++j) {
      const float* w = layer.weights.data() + j * layer.inputs;
      double bound = std::numeric_limits<double>::min();
      bool any = false;
      for (std::int64_t k = 0; k < layer.inputs; ++k) {
        any |= w[k] != 0;
        while (bound <= std::abs(double{w[k]})) bound *= 2;
      }
      const double unit = (any ? bound : 1) / (1 << 25);
      std::int64_t sum = 0;
      for (std::int64_t k = 0; k < layer.inputs; ++k) {
        const auto size = static_cast<std::int64_t>(
            std::floor(std::abs(double{w[k]}) / unit + 0.5));
        sum +=
            (w[k] < 0 ? -size : size) * value_of(layer.input, inputs[row + k]);
      }
      const double s = static_cast<double>(sum) * unit;
      scores.push_back(static_cast<float>(layer.scores.scale[j] * s +
                                          layer.scores.offset[j]));
    }
  }
  return scores;
}

Trace naive_trace(const ModelDescription& model,
                  const std::vector<std::uint8_t>& inputs) {
  Trace trace;
  auto now = channels_last(inputs, input_shape(model.layers.front()));
  for (const Layer& layer : model.layers) {
    LayerTrace& made = trace.layers.emplace_back();
    if (const auto* conv = std::get_if<BinaryConv>(&layer)) {
      made.sums = naive_sums(*conv, now);
      made.bits = naive_bits(conv->thresholds, made.sums);
    } else if (const auto* pool = std::get_if<MaxPool>(&layer)) {
      made.bits = naive_pool(*pool, now);
    } else if (const auto* real = std::get_if<RealLinear>(&layer)) {
      trace.scores = naive_scores(*real, now);
      return trace;
    } else {
      const auto& linear = std::get<BinaryLinear>(layer);
      made.sums = naive_sums(linear, now);
      const auto* thresholds = std::get_if<Thresholds>(&linear.output);
      if (thresholds) made.bits = naive_bits(*thresholds, made.sums);
    }
    now = made.bits;
  }
  const auto& last = std::get<BinaryLinear>(model.layers.back());
  const auto& [scale, offset] = std::get<Scores>(last.output);
  for (const std::int32_t sum : trace.layers.back().sums) {
    const std::size_t j = trace.scores.size() % scale.size();
    const double product = static_cast<double>(scale[j]) * sum;
    trace.scores.push_back(static_cast<float>(product + offset[j]));
  }
  return trace;
}

std::vector<float> naive_scores(const ModelDescription& model,
                                const std::vector<std::uint8_t>& inputs) {
  return naive_trace(model, inputs).scores;
}

}  // namespace signet::runtime

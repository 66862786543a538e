#include "tests/runtime/random_model.h"

namespace signet::runtime {

BinaryLinear random_layer(Engine& engine, InputEncoding input,
                          std::int64_t inputs, std::int64_t outputs,
                          bool scores) {
  BinaryLinear layer{
      .name = "layer", .inputs = inputs, .outputs = outputs, .input = input};
  const std::int64_t words = (inputs + 63) / 64;
  layer.weights.resize(outputs * words);
  for (std::int64_t j = 0; j < outputs; ++j) {
    for (std::int64_t k = 0; k < inputs; ++k) {
      layer.weights[j * words + k / 64] |= (engine() >> 40 & 1) << (k % 64);
    }
  }
  if (scores) {
    Scores random;
    std::normal_distribution<float> normal;
    for (std::int64_t j = 0; j < outputs; ++j) {
      random.scale.push_back(normal(engine));
      random.offset.push_back(normal(engine));
    }
    layer.output = random;
  } else {
    Thresholds random;
    const int spread = input == InputEncoding::pixels ? 500 : 6;
    std::uniform_int_distribution<std::int32_t> uniform(-spread, spread);
    for (std::int64_t j = 0; j < outputs; ++j) {
      random.values.push_back(uniform(engine));
    }
    layer.output = random;
  }
  return layer;
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

std::vector<std::uint8_t> random_inputs(Engine& engine, InputEncoding input,
                                        std::int64_t rows,
                                        std::int64_t inputs) {
  std::vector<std::uint8_t> bytes(rows * inputs);
  const int mask = input == InputEncoding::pixels ? 255 : 1;
  for (auto& byte : bytes) byte = engine() >> 40 & mask;
  return bytes;
}

std::vector<std::int32_t> naive_sums(const BinaryLinear& layer,
                                     const std::vector<std::uint8_t>& inputs) {
  const auto rows = static_cast<std::int64_t>(inputs.size()) / layer.inputs;
  const std::int64_t words = (layer.inputs + 63) / 64;
  std::vector<std::int32_t> sums;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t j = 0; j < layer.outputs; ++j) {
      std::int32_t sum = 0;
      for (std::int64_t k = 0; k < layer.inputs; ++k) {
        const bool positive = layer.weights[j * words + k / 64] >> (k % 64) & 1;
        int x = inputs[row * layer.inputs + k];
        if (layer.input == InputEncoding::signs) x = x ? 1 : -1;
        sum += positive ? x : -x;
      }
      sums.push_back(sum);
    }
  }
  return sums;
}

std::vector<std::uint8_t> naive_bits(const BinaryLinear& layer,
                                     const std::vector<std::int32_t>& sums) {
  const auto& thresholds = std::get<Thresholds>(layer.output).values;
  std::vector<std::uint8_t> bits;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    bits.push_back(sums[i] >= thresholds[i % layer.outputs]);
  }
  return bits;
}

std::vector<float> naive_scores(const ModelDescription& model,
                                const std::vector<std::uint8_t>& inputs) {
  std::vector<std::uint8_t> activations = inputs;
  for (std::size_t i = 0; i + 1 < model.layers.size(); ++i) {
    const auto& layer = std::get<BinaryLinear>(model.layers[i]);
    activations = naive_bits(layer, naive_sums(layer, activations));
  }
  const auto& last = std::get<BinaryLinear>(model.layers.back());
  const auto& [scale, offset] = std::get<Scores>(last.output);
  std::vector<float> scores;
  for (const std::int32_t sum : naive_sums(last, activations)) {
    const std::size_t j = scores.size() % scale.size();
    const double product = static_cast<double>(scale[j]) * sum;
    scores.push_back(static_cast<float>(product + offset[j]));
  }
  return scores;
}

}  // namespace signet::runtime

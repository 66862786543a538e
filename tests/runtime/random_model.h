// Random layers and models, and what they compute by plain loops on ints.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "signet/runtime/format/description.h"

namespace signet::runtime {

using Engine = std::mt19937_64;

/// Random weights; thresholds around 0, or scores with random scales.
BinaryLinear random_layer(Engine& engine, InputEncoding input,
                          std::int64_t inputs, std::int64_t outputs,
                          bool scores = false);

/// A perceptron with these widths; hidden layers read signs and bits in turn.
ModelDescription random_model(Engine& engine, InputEncoding input,
                              const std::vector<std::int64_t>& widths);

/// [rows, inputs] bytes: 0..255, or 0 and 1.
std::vector<std::uint8_t> random_inputs(Engine& engine, InputEncoding input,
                                        std::int64_t rows, std::int64_t inputs);

/// s_j of every row, [rows, outputs].
std::vector<std::int32_t> naive_sums(const BinaryLinear& layer,
                                     const std::vector<std::uint8_t>& inputs);

/// 0 and 1, [rows, outputs].
std::vector<std::uint8_t> naive_bits(const BinaryLinear& layer,
                                     const std::vector<std::int32_t>& sums);

/// Scores of a whole model, [rows, outputs].
std::vector<float> naive_scores(const ModelDescription& model,
                                const std::vector<std::uint8_t>& inputs);

}  // namespace signet::runtime

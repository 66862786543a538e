// Random layers and models, and what they compute by plain loops on ints.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "signet/runtime/format/description.h"
#include "signet/runtime/trace.h"

namespace signet::runtime {

using Engine = std::mt19937_64;

/// Random weights; thresholds around 0, or scores with random scales.
BinaryLinear random_layer(Engine& engine, InputEncoding input,
                          std::int64_t inputs, std::int64_t outputs,
                          bool scores = false);

/// Real weights of many magnitudes, among them 0 and one that is much larger
/// than the rest; scores with random scales.
RealLinear random_real_layer(Engine& engine, InputEncoding input,
                             std::int64_t inputs, std::int64_t outputs);

/// The same for a convolution.
BinaryConv random_conv(Engine& engine, InputEncoding input, const MapShape& in,
                       std::int64_t outputs, const Window& window,
                       Padding padding = Padding::zero);

/// Pooling in which each channel takes the greatest or the least by a coin.
MaxPool random_pool(Engine& engine, const MapShape& in, const Window& window);

/// A perceptron with these widths; hidden layers read signs and bits in turn.
ModelDescription random_model(Engine& engine, InputEncoding input,
                              const std::vector<std::int64_t>& widths);

/// A convolutional network on images of 9 x 11 with 3 channels: every kind of
/// layer and padding, joined rows in front of the linear layers or, where
/// `channels` is a multiple of 64, none.
ModelDescription random_image_model(Engine& engine, InputEncoding input,
                                    std::int64_t channels);

/// Gives a model's units noise, of every family in turn, with random logits of
/// about unit size; every second layer's pools pool its sums.
void add_random_noise(Engine& engine, ModelDescription& model);

/// [rows, inputs] bytes: 0..255, or 0 and 1.
std::vector<std::uint8_t> random_inputs(Engine& engine, InputEncoding input,
                                        std::int64_t rows, std::int64_t inputs);

/// Images with planes of channels to images with channels last.
std::vector<std::uint8_t> channels_last(const std::vector<std::uint8_t>& planes,
                                        const MapShape& shape);

/// s_j of every row, [rows, outputs].
std::vector<std::int32_t> naive_sums(const BinaryLinear& layer,
                                     const std::vector<std::uint8_t>& inputs);

/// s_j at every place, [images, out.height, out.width, outputs], of images
/// [images, in.height, in.width, in.channels].
std::vector<std::int32_t> naive_sums(const BinaryConv& layer,
                                     const std::vector<std::uint8_t>& images);

/// 0 and 1, in the places of the sums.
std::vector<std::uint8_t> naive_bits(const Thresholds& thresholds,
                                     const std::vector<std::int32_t>& sums);

/// Pooled bits 0 and 1, or sums, [images, out.height, out.width, in.channels].
std::vector<std::uint8_t> naive_pool(const MaxPool& layer,
                                     const std::vector<std::uint8_t>& images);
std::vector<std::int32_t> naive_pool(const MaxPool& layer,
                                     const std::vector<std::int32_t>& images);

/// Scores of real weights, [rows, outputs].
std::vector<float> naive_scores(const RealLinear& layer,
                                const std::vector<std::uint8_t>& inputs);

/// All that happens in a model, images of several channels given as planes.
Trace naive_trace(const ModelDescription& model,
                  const std::vector<std::uint8_t>& inputs);

/// Scores of a whole model, [rows, outputs].
std::vector<float> naive_scores(const ModelDescription& model,
                                const std::vector<std::uint8_t>& inputs);

}  // namespace signet::runtime

#include "signet/export/pack.h"

#include <cmath>
#include <limits>

#include "signet/base/error.h"
#include "signet/core/torch.h"
#include "signet/export/expect.h"
#include "signet/export/stages.h"
#include "signet/models/batch_norm.h"
#include "signet/models/weights.h"
#include "signet/runtime/format/check_description.h"

namespace signet {
namespace {

constexpr auto kNever = std::numeric_limits<int32_t>::max();
constexpr auto kAlways = std::numeric_limits<int32_t>::min();

int64_t words_for(int64_t bits) { return (bits + 63) / 64; }

/// Row-major bits, 1 where the weight is +1, each row padded to 64 bits.
/// Shapes: latent is [outputs, inputs].
std::vector<uint64_t> pack_signs(const Tensor& latent,
                                 const std::vector<int8_t>& directions) {
  const auto positive = (latent >= 0).to(torch::kCPU).contiguous();
  const int64_t rows = latent.size(0), columns = latent.size(1);
  const int64_t words = words_for(columns);
  std::vector<uint64_t> bits(static_cast<size_t>(rows * words), 0);
  const bool* signs = positive.data_ptr<bool>();
  for (int64_t j = 0; j < rows; ++j) {
    const bool kept = directions[static_cast<size_t>(j)] > 0;
    for (int64_t k = 0; k < columns; ++k) {
      const uint64_t bit = signs[j * columns + k] == kept;
      bits[static_cast<size_t>(j * words + k / 64)] |= bit << (k % 64);
    }
  }
  return bits;
}

std::vector<float> to_floats(const Tensor& t) {
  const auto values = t.detach().to(torch::kCPU, torch::kFloat).contiguous();
  const float* data = values.data_ptr<float>();
  return {data, data + values.numel()};
}

/// y = scale s + offset of everything between sums and units or scores.
struct Affine {
  std::vector<float> scale, offset;
};

const WeightedLayer& weighted_layer(const Network& network, size_t i) {
  return dynamic_cast<const WeightedLayer&>(network.layer(i));
}

Affine affine_of(const Network& network, const Stage& stage, bool mode) {
  const auto& weighted = weighted_layer(network, stage.weighted);
  const auto& weights =
      weighted.latent.defined() ? weighted.latent : weighted.weight;
  Affine affine{
      .scale = std::vector<float>(static_cast<size_t>(weights.size(0)), 1),
      .offset = {}};
  if (stage.norm) {
    const auto folded =
        dynamic_cast<const BatchNorm&>(network.layer(*stage.norm))
            .folded(mode, weighted.bias);
    affine = {to_floats(folded.scale), to_floats(folded.offset)};
  } else if (weighted.bias.defined()) {
    affine.offset = to_floats(weighted.bias);
  } else {
    affine.offset.resize(affine.scale.size());
  }
  for (size_t j = 0; j < affine.scale.size(); ++j) {
    check(std::isfinite(affine.scale[j]) && std::isfinite(affine.offset[j]),
          "export",
          "layer " + layer_name(network.spec(), stage.weighted) +
              ": the batch norm of channel " + std::to_string(j) +
              " is not finite");
  }
  return affine;
}

/// -1 where the scale is negative.
std::vector<int8_t> directions_of(const std::vector<float>& scale) {
  std::vector<int8_t> directions;
  for (const float s : scale)
    directions.push_back(static_cast<int8_t>(s < 0 ? -1 : 1));
  return directions;
}

runtime::Thresholds thresholds_of(const Affine& affine) {
  runtime::Thresholds thresholds;
  for (size_t j = 0; j < affine.scale.size(); ++j) {
    const float scale = affine.scale[j], offset = affine.offset[j];
    thresholds.values.push_back(
        scale == 0 ? (offset >= 0 ? kAlways : kNever)
                   : integer_threshold(std::abs(scale), offset));
  }
  return thresholds;
}

runtime::NoiseFamily family_of(const NetworkSpec& spec, size_t i) {
  const auto& units = std::get<UnitsSpec>(spec.layers[i]);
  if (units.deterministic) return runtime::NoiseFamily::none;
  for (int f = 1; f < runtime::kNoiseFamilies; ++f) {
    const auto family = static_cast<runtime::NoiseFamily>(f);
    if (units.noise == noise_name(family)) return family;
  }
  throw UsageError("export: layer " + layer_name(spec, i) + " has " +
                   units.noise +
                   " noise, which the runtime cannot draw; export without it");
}

/// The stage where units are drawn. `directions` are those of its rows.
runtime::SampledLayer sampled_layer(const Network& network, const Stage& stage,
                                    const std::vector<int8_t>& directions) {
  const auto& spec = network.spec();
  const auto& weights = std::visit(
      [](const auto& layer) -> const WeightSpec* {
        if constexpr (requires { layer.weights; }) return &layer.weights;
        return nullptr;
      },
      spec.layers[stage.weighted]);
  check(weights->kind != WeightSpec::Kind::stochastic, "export",
        "layer " + layer_name(spec, stage.weighted) +
            " draws its weights, which the runtime does not; export without "
            "noise");
  auto affine = affine_of(network, stage, false);
  for (size_t j = 0; j < directions.size(); ++j)
    affine.scale[j] *= directions[j];
  return {.noise = stage.units ? family_of(spec, *stage.units)
                               : runtime::NoiseFamily::none,
          .scale = std::move(affine.scale),
          .offset = std::move(affine.offset),
          .pools = static_cast<int64_t>(stage.sum_pools.size() +
                                        stage.logit_pools.size())};
}

/// One bit a unit decides how the next layer reads its inputs.
runtime::InputEncoding input_encoding(const NetworkSpec& spec,
                                      const Stage* before) {
  if (!before) return runtime::InputEncoding::pixels;
  const auto& units = std::get<UnitsSpec>(spec.layers[*before->units]);
  return units.encoding == Encoding::bits ? runtime::InputEncoding::bits
                                          : runtime::InputEncoding::signs;
}

runtime::Padding padding_of(ConvSpec::Padding padding) {
  if (padding == ConvSpec::Padding::zero) return runtime::Padding::zero;
  return padding == ConvSpec::Padding::minus ? runtime::Padding::minus
                                             : runtime::Padding::plus;
}

runtime::MapShape map_shape(const Shape& shape) {
  return {shape.height, shape.width, shape.channels};
}

/// [outputs, inputs] in the order of the runtime's inputs. A network that
/// flattens its images has their channels last, data sets have them first.
Tensor linear_rows(const Network& network, size_t i, bool first) {
  const auto& latent = weighted_layer(network, i).latent;
  const auto& input = network.spec().input;
  const bool flattened = first && !layer_input(network.spec(), 0).flat;
  if (!flattened) return latent;
  return latent.reshape({-1, input.height, input.width, input.channels})
      .permute({0, 3, 1, 2})
      .flatten(1);
}

/// Makes the layers of the runtime's model, stage by stage.
class Packer {
 public:
  Packer(const Network& network, const PackOptions& options,
         PackedNetwork& packed)
      : network_(network),
        spec_(network.spec()),
        options_(options),
        packed_(packed) {}

  void add(const Stage& stage, const Stage* before) {
    const auto affine = affine_of(network_, stage, true);
    const auto directions = stage.units
                                ? directions_of(affine.scale)
                                : std::vector<int8_t>(affine.scale.size(), 1);
    if (options_.noise) {
      packed_.model.sampled.push_back(
          sampled_layer(network_, stage, directions));
    }
    if (weighted_layer(network_, stage.weighted).weight.defined())
      return add_real(stage, *before, affine);
    const auto input = input_encoding(spec_, before);
    if (const auto* conv =
            std::get_if<ConvSpec>(&spec_.layers[stage.weighted])) {
      add_conv(*conv, stage.weighted, input, directions, thresholds_of(affine));
    } else {
      add_linear(stage, input, directions, affine);
    }
    packed_.layers.push_back(
        {.sums = stage.weighted, .directions = directions});
    for (const auto i : stage.sum_pools) add_pool(i, least_of(directions));
    for (const auto i : stage.logit_pools) add_pool(i, {});
    packed_.layers.back().bits = stage.units;
    for (const auto i : stage.unit_pools) {
      add_pool(i, {});
      packed_.layers.back().bits = i;
    }
  }

 private:
  void add_conv(const ConvSpec& conv, size_t i, runtime::InputEncoding input,
                const std::vector<int8_t>& directions,
                runtime::Thresholds thresholds) {
    const auto& latent = weighted_layer(network_, i).latent;
    packed_.model.layers.push_back(runtime::BinaryConv{
        .name = layer_name(spec_, i),
        .in = map_shape(layer_input(spec_, i)),
        .outputs = conv.channels,
        .window = {conv.kernel, conv.kernel, conv.stride, conv.padding},
        .padding = padding_of(conv.padding_value),
        .input = input,
        .weights = pack_signs(latent.flatten(1), directions),
        .thresholds = std::move(thresholds)});
  }

  void add_linear(const Stage& stage, runtime::InputEncoding input,
                  const std::vector<int8_t>& directions, const Affine& affine) {
    const auto rows =
        linear_rows(network_, stage.weighted, packed_.layers.empty());
    runtime::BinaryLinear layer{.name = layer_name(spec_, stage.weighted),
                                .inputs = rows.size(1),
                                .outputs = rows.size(0),
                                .input = input,
                                .weights = pack_signs(rows, directions)};
    if (stage.units) {
      layer.output = thresholds_of(affine);
    } else {
      layer.output = runtime::Scores{affine.scale, affine.offset};
    }
    packed_.model.layers.push_back(std::move(layer));
  }

  void add_real(const Stage& stage, const Stage& before, const Affine& affine) {
    const auto& weight = weighted_layer(network_, stage.weighted).weight;
    packed_.model.layers.push_back(
        runtime::RealLinear{.name = layer_name(spec_, stage.weighted),
                            .inputs = weight.size(1),
                            .outputs = weight.size(0),
                            .input = input_encoding(spec_, &before),
                            .weights = to_floats(weight),
                            .scores = {affine.scale, affine.offset}});
    packed_.layers.emplace_back();
  }

  void add_pool(size_t i, std::vector<uint64_t> least) {
    const auto& pool = std::get<MaxPoolSpec>(spec_.layers[i]);
    packed_.model.layers.push_back(
        runtime::MaxPool{.name = layer_name(spec_, i),
                         .in = map_shape(layer_input(spec_, i)),
                         .window = {pool.size, pool.size, pool.stride},
                         .least = std::move(least)});
    packed_.layers.emplace_back();
  }

  /// Bits of the channels that were turned around; empty if none was.
  static std::vector<uint64_t> least_of(const std::vector<int8_t>& directions) {
    std::vector<uint64_t> least(
        static_cast<size_t>(words_for(static_cast<int64_t>(directions.size()))),
        0);
    bool any = false;
    for (size_t j = 0; j < directions.size(); ++j) {
      const bool turned = directions[j] < 0;
      least[j / 64] |= uint64_t{turned} << (j % 64);
      any |= turned;
    }
    return any ? least : std::vector<uint64_t>();
  }

  const Network& network_;
  const NetworkSpec& spec_;
  const PackOptions& options_;
  PackedNetwork& packed_;
};

}  // namespace

int32_t integer_threshold(float scale, float offset) {
  const double a = scale, b = offset;
  const auto holds = [&](double s) { return a * s + b >= 0; };
  // The quotient may be one off where a s + b rounds; the test decides.
  double t = std::ceil(-b / a);
  if (t >= kNever) return kNever;
  if (t <= kAlways) return kAlways;
  while (holds(t - 1)) --t;
  while (!holds(t)) ++t;
  return static_cast<int32_t>(t);
}

PackedNetwork pack(const Network& network, std::string name,
                   std::vector<std::string> classes,
                   std::vector<std::pair<std::string, std::string>> metadata,
                   const PackOptions& options) {
  torch::NoGradGuard no_gradient;
  const auto stages = split_stages(network.spec());
  PackedNetwork packed;
  packed.model.name = std::move(name);
  packed.model.inputs = network.spec().input.values();
  packed.model.classes = std::move(classes);
  packed.model.metadata = std::move(metadata);
  Packer packer(network, options, packed);
  for (size_t i = 0; i < stages.size(); ++i)
    packer.add(stages[i], i == 0 ? nullptr : &stages[i - 1]);
  // What the runtime's format has no place for, such as padding of -1 around
  // bits.
  expect(runtime::check_description(packed.model), "export");
  return packed;
}

}  // namespace signet

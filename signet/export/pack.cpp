#include "signet/export/pack.h"

#include <cmath>
#include <limits>
#include <optional>

#include "signet/base/error.h"
#include "signet/core/torch.h"
#include "signet/models/batch_norm.h"

namespace signet {
namespace {

constexpr auto kNever = std::numeric_limits<int32_t>::max();
constexpr auto kAlways = std::numeric_limits<int32_t>::min();

/// Row-major bits, 1 where the weight is +1, each row padded to 64 bits.
std::vector<uint64_t> pack_signs(const Tensor& latent,
                                 const std::vector<int8_t>& directions) {
  const auto positive = (latent >= 0).to(torch::kCPU).contiguous();
  const int64_t rows = latent.size(0), columns = latent.size(1);
  const int64_t words = (columns + 63) / 64;
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

/// One linear layer and what follows it, up to the next.
struct Stage {
  size_t linear = 0;
  std::optional<size_t> norm;
  std::optional<size_t> units;
};

std::vector<Stage> split_stages(const NetworkSpec& spec) {
  std::vector<Stage> stages;
  const auto refuse = [&](size_t i, const std::string& why) {
    throw UsageError("export: layer " + layer_name(spec, i) + " " + why);
  };
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const auto& layer = spec.layers[i];
    if (const auto* linear = std::get_if<LinearSpec>(&layer)) {
      if (!linear->weights.one_bit())
        refuse(i, "must have binary weights to be packed, but they are real");
      if (!stages.empty() && !stages.back().units)
        refuse(i, "must follow units, which give the runtime its bits");
      stages.push_back({.linear = i, .norm = {}, .units = {}});
    } else if (!std::holds_alternative<DropoutSpec>(layer)) {
      if (stages.empty() || stages.back().units)
        refuse(i, "must follow a linear layer");
      if (std::holds_alternative<UnitsSpec>(layer)) {
        stages.back().units = i;
        continue;
      }
      if (stages.back().norm) refuse(i, "is the second batch norm in a row");
      if (std::get<LinearSpec>(spec.layers[stages.back().linear]).bias)
        refuse(i,
               "subtracts the mean: train the linear layer before it "
               "with bias=false");
      stages.back().norm = i;
    }
  }
  check(!stages.empty(), "export", "the network has no linear layer");
  check(!stages.back().units, "export",
        "the network must end in a linear layer that gives the scores, but "
        "it ends in units");
  return stages;
}

/// y = scale s + offset of everything between a linear layer and its units.
BatchNorm::Affine affine_of(const Network& network, const Stage& stage) {
  if (stage.norm) {
    return dynamic_cast<const BatchNorm&>(network.layer(*stage.norm)).folded();
  }
  const auto& linear =
      dynamic_cast<const Linear&>(network.layer(stage.linear));
  const auto scale = torch::ones({linear.latent.size(0)});
  return {scale,
          linear.bias.defined() ? linear.bias : torch::zeros_like(scale)};
}

std::vector<float> to_floats(const Tensor& t) {
  const auto values = t.detach().to(torch::kCPU, torch::kFloat).contiguous();
  const float* data = values.data_ptr<float>();
  return {data, data + values.numel()};
}

/// One bit a unit decides how the next layer reads its inputs.
runtime::InputEncoding input_encoding(const NetworkSpec& spec,
                                      const std::vector<Stage>& stages,
                                      size_t index) {
  if (index == 0) return runtime::InputEncoding::pixels;
  const auto& units =
      std::get<UnitsSpec>(spec.layers[*stages[index - 1].units]);
  return units.encoding == Encoding::bits ? runtime::InputEncoding::bits
                                          : runtime::InputEncoding::signs;
}

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
                   std::vector<std::pair<std::string, std::string>> metadata) {
  torch::NoGradGuard no_gradient;
  const auto& spec = network.spec();
  const auto stages = split_stages(spec);
  PackedNetwork packed;
  packed.model.name = std::move(name);
  packed.model.inputs = spec.input.values();
  packed.model.classes = std::move(classes);
  packed.model.metadata = std::move(metadata);

  for (size_t index = 0; index < stages.size(); ++index) {
    const auto& stage = stages[index];
    const auto& linear =
        dynamic_cast<const Linear&>(network.layer(stage.linear));
    const auto affine = affine_of(network, stage);
    const auto scale = to_floats(affine.scale);
    const auto offset = to_floats(affine.offset);
    std::vector<int8_t> directions(scale.size(), 1);

    runtime::BinaryLinear layer;
    layer.name = layer_name(spec, stage.linear);
    layer.inputs = linear.latent.size(1);
    layer.outputs = linear.latent.size(0);
    layer.input = input_encoding(spec, stages, index);
    for (size_t j = 0; j < scale.size(); ++j) {
      check(std::isfinite(scale[j]) && std::isfinite(offset[j]), "export",
            "layer " + layer.name + ": the batch norm of channel " +
                std::to_string(j) + " is not finite");
    }
    if (stage.units) {
      runtime::Thresholds thresholds;
      for (size_t j = 0; j < scale.size(); ++j) {
        if (scale[j] < 0) directions[j] = -1;
        thresholds.values.push_back(
            scale[j] == 0 ? (offset[j] >= 0 ? kAlways : kNever)
                          : integer_threshold(std::abs(scale[j]), offset[j]));
      }
      layer.output = std::move(thresholds);
    } else {
      layer.output = runtime::Scores{.scale = scale, .offset = offset};
    }
    layer.weights = pack_signs(linear.latent, directions);
    packed.model.layers.push_back(std::move(layer));
    packed.layers.push_back({stage.linear, std::move(directions)});
  }
  return packed;
}

}  // namespace signet

#include "signet/experiments/weight_layout.h"

#include <charconv>

#include "signet/base/error.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

bool is_weight(const std::string& name) {
  return name.ends_with(".weight") || name.ends_with(".latent");
}

/// The last axis, channels first, becomes height, width, channels.
Tensor channels_last(const Tensor& t, const Shape& map) {
  return t.reshape({-1, map.channels, map.height * map.width})
      .transpose(1, 2)
      .reshape(t.sizes());
}

}  // namespace

std::string layout_name(WeightLayout layout) {
  return layout == WeightLayout::signet ? "signet" : "pytorch";
}

std::optional<WeightLayout> parse_layout(const std::string& name,
                                         std::string_view who) {
  if (name.empty() || name == "auto") return {};
  check(name == "pytorch" || name == "signet", who,
        "must be pytorch or signet, but got '" + name + "'");
  return name == "pytorch" ? WeightLayout::pytorch : WeightLayout::signet;
}

std::optional<size_t> layer_of(const NetworkSpec& spec,
                               const std::string& name) {
  size_t layer = 0;
  const auto* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, layer);
  if (error != std::errc() || stop == end || *stop != '.' ||
      layer >= spec.layers.size()) {
    return {};
  }
  return layer;
}

LayoutOfNetwork::LayoutOfNetwork(const NetworkSpec& spec, WeightLayout layout)
    : spec_(spec), layout_(layout), flattened_(spec.layers.size()) {
  if (layout == WeightLayout::signet) return;
  std::optional<Shape> open;
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    flattened_[i] = open;
    if (std::holds_alternative<FlattenSpec>(spec.layers[i])) {
      const auto map = layer_input(spec, i);
      // One pixel or one channel has one order.
      if (map.channels > 1 && map.height * map.width > 1) open = map;
    }
    if (std::holds_alternative<LinearSpec>(spec.layers[i])) open = {};
  }
  check(!open, "--layout pytorch",
        "the network must end in a linear layer, or in a map of one pixel, but "
        "its outputs are a flattened map, here in the order height, width, "
        "channels");
}

std::vector<int64_t> LayoutOfNetwork::shape(const std::string& name,
                                            at::IntArrayRef own) const {
  if (layout_ == WeightLayout::pytorch && own.size() == 4 && is_weight(name))
    return {own[0], own[3], own[1], own[2]};
  return own.vec();
}

Tensor LayoutOfNetwork::to_network(const std::string& name,
                                   const Tensor& t) const {
  const auto layer = layer_of(spec_, name);
  if (layout_ == WeightLayout::signet || !layer) return t;
  if (t.dim() == 4 && is_weight(name))
    return t.permute({0, 2, 3, 1}).contiguous();
  const auto& map = flattened_[*layer];
  const bool linear = std::holds_alternative<LinearSpec>(spec_.layers[*layer]);
  // Of a linear layer the rows; of what has a number a value, such as batch
  // norm, all.
  if (!map || t.dim() == 0 || t.size(-1) != map->values() ||
      (linear && !is_weight(name))) {
    return t;
  }
  return channels_last(t, *map);
}

}  // namespace signet

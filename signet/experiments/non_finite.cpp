#include "signet/experiments/non_finite.h"

#include "signet/core/torch.h"
#include "signet/experiments/checkpoint.h"

namespace signet {
namespace {

bool is_finite(const Tensor& tensor) {
  return !tensor.is_floating_point() ||
         torch::isfinite(tensor).all().item<bool>();
}

/// The first of the names that begin with `prefix`.
std::string first_non_finite(const Network& network,
                             const std::string& prefix) {
  for (const auto& [name, tensor] : network_state(network))
    if (name.starts_with(prefix) && !is_finite(tensor)) return name;
  return "";
}

}  // namespace

std::string describe_non_finite(
    const Network& network,
    const std::function<void(const Network::Observer&)>& forward) {
  std::string layer;
  forward([&](size_t i, const Tensor& output) {
    if (!layer.empty() || is_finite(output)) return;
    layer = "layer " + layer_name(network.spec(), i) +
            " is the first whose output is not finite";
    const auto own = first_non_finite(network, std::to_string(i) + ".");
    if (!own.empty()) layer += ", nor is its " + own;
  });
  if (!layer.empty()) return layer;
  const std::string all = "the outputs of all layers are finite, ";
  if (const auto name = first_non_finite(network); !name.empty())
    return all + "but " + name + " is not";
  for (const auto& item : network.named_parameters()) {
    const auto gradient = item.value().grad();
    if (gradient.defined() && !is_finite(gradient))
      return all + "but the gradient of " + item.key() + " is not";
  }
  return all + "and so are all parameters and gradients: the loss overflows";
}

std::string first_non_finite(const Network& network) {
  return first_non_finite(network, "");
}

}  // namespace signet

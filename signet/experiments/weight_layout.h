#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "signet/models/network_spec.h"

namespace signet {

/// The order in which a file has the numbers of a tensor.
///   signet    kernels [out, height, width, in]; what follows a flatten reads
///             height, width, channels
///   pytorch   kernels [out, in, height, width]; what follows a flatten reads
///             channels, height, width
/// Rows of linear layers are [out, in] in both. A first linear layer reads a
/// map's pixels as data sets have them, channels first, in both.
enum class WeightLayout { signet, pytorch };

/// "signet" or "pytorch".
std::string layout_name(WeightLayout layout);
/// Reads it back; none for "" and "auto".
/// Errors: UsageError("who: must be pytorch or signet, ...").
std::optional<WeightLayout> parse_layout(const std::string& name,
                                         std::string_view who);

/// The tensors of a network in a layout. Names are those of network_state(),
/// or with "weight" in place of "latent".
class LayoutOfNetwork {
 public:
  /// Errors: UsageError if the network cannot be had in this layout: it ends in
  /// a flattened map, so its outputs would have another order.
  LayoutOfNetwork(const NetworkSpec& spec, WeightLayout layout);

  /// The shape in the file of a tensor that is `own` in the network.
  std::vector<int64_t> shape(const std::string& name,
                             at::IntArrayRef own) const;
  /// A tensor of that shape as the network has it.
  at::Tensor to_network(const std::string& name, const at::Tensor& t) const;

 private:
  const NetworkSpec& spec_;
  WeightLayout layout_;
  /// The map that the inputs of a layer are, flattened; none if they are not.
  std::vector<std::optional<Shape>> flattened_;
};

/// The place of the layer that a tensor's name begins with, "2" of "2.weight";
/// none if the name does not, or the network has no such layer.
std::optional<size_t> layer_of(const NetworkSpec& spec,
                               const std::string& name);

}  // namespace signet

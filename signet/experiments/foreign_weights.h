#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "signet/experiments/weight_layout.h"
#include "signet/models/network.h"

namespace signet {

/// What real weights of a file mean to a layer with binary ones.
enum class RealForBinary {
  signs,  ///< the latent weights: what PyTorch's networks binarise themselves
  means,  ///< as start_from() has it, which takes them under their own name
};

/// Reads the weights of a network from a safetensors file of another program,
/// or from a checkpoint of signet.
///   Names   by the layers' places, "0.weight", as a torch.nn.Sequential has
///           them, all with the same words in front or none
///           ("features.0.bias"); latent weights are "0.latent", or in the
///           layout of PyTorch "0.weight". A batch norm's num_batches_tracked
///           is not needed.
///   Types   F64, F32, F16, BF16 and signed integers that a float holds.
///   Layout  `layout` if it says one; else the file's metadata: `format` is
///           "pt", pytorch, or the mark of a checkpoint or "signet", signet.
/// Returns them by the names and in the layout of network_state(); statistics
/// of the mode only if the file has them.
/// Errors: UsageError, one line that names the file: a layout that is neither
/// given nor known, or is not that of a checkpoint; tensors that do not fit,
/// listed beside the names and shapes expected in the file's layout; values
/// that are not finite.
std::map<std::string, Tensor> read_foreign_weights(
    const std::filesystem::path& path, const Network& network,
    const std::string& layout, RealForBinary real);

/// The same, into the network.
void load_foreign_weights(const std::filesystem::path& path, Network& network,
                          const std::string& layout);

}  // namespace signet

#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "signet/experiments/recipe.h"
#include "signet/models/network.h"
#include "signet/optim/optimizer.h"

namespace signet {

/// The state of a run between two steps: all that it needs to go on. Random
/// numbers are addressed by (seed, step), so they have no state.
struct Checkpoint {
  int64_t epoch = 0;  ///< epochs done
  int64_t steps = 0;  ///< optimizer steps done
  std::string recipe;
  Shape input;          ///< of the network
  int64_t threads = 0;  ///< that trained it; sums depend on their number
  std::map<std::string, Tensor> network;    ///< parameters and buffers
  std::map<std::string, Tensor> optimizer;  ///< Optimizer::state()
  std::map<std::string, Tensor> estimator;  ///< EstimatorState::tensors
  std::string source = "checkpoint";        ///< the file, as errors name it
  /// fingerprint() of the data set's parts; "" in files of older versions.
  std::string train_data = {}, test_data = {};
};

/// The layer that a tensor of a network is of: 2 for "2.latent".
size_t layer_index(const std::string& tensor);

/// Whether a network's state may lack this tensor: statistics of the mode,
/// which a file of another program has not.
bool is_optional(const std::string& name);

/// Parameters and buffers by name. They share memory with the network.
std::map<std::string, Tensor> network_state(const Network& network);
/// Statistics of the mode may be missing; they then count as not collected.
/// Errors: UsageError that begins with `who` for a missing or unknown name, or
/// another shape or type.
void load_network_state(Network& network,
                        const std::map<std::string, Tensor>& state,
                        const std::string& who = "checkpoint");

/// Writes safetensors, whole or not at all: tensors "network.*",
/// "optimizer.*" and "estimator.*", metadata with the recipe and a table of the
/// layers.
void save_checkpoint(const std::filesystem::path& path,
                     const Checkpoint& checkpoint, const NetworkSpec& spec);
/// Errors: a damaged file, or one of another version; counts that are no whole
/// numbers from 0 on; a network that is not finite or has a negative variance;
/// NaN in other tensors. One line that names the file.
Checkpoint load_checkpoint(const std::filesystem::path& path);
/// Whether its epochs and steps go together and are within the recipe's.
/// Errors: UsageError, one line that names the file.
void check_progress(const Checkpoint& checkpoint, const Recipe& recipe);

}  // namespace signet

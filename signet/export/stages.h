#pragma once

#include <optional>
#include <vector>

#include "signet/models/network_spec.h"

namespace signet {

/// A linear layer or a convolution and what follows it, up to the next: places
/// in the NetworkSpec. Dropout is left out, it does nothing in evaluation;
/// flatten, because maps lie in memory as it wants them.
struct Stage {
  size_t weighted = 0;
  std::vector<size_t> sum_pools;  ///< max-pools before the batch norm
  std::optional<size_t> norm = {};
  std::vector<size_t> logit_pools;  ///< max-pools after it
  std::optional<size_t> units = {};
  std::vector<size_t> unit_pools;  ///< max-pools of units
};

/// The stages of a network that the runtime can run: all have units but the
/// last, which is linear. That one may have real weights if units come before.
/// Errors: UsageError that names the layer and why it cannot be packed.
std::vector<Stage> split_stages(const NetworkSpec& spec);

}  // namespace signet

#pragma once

#include <cstdint>
#include <string>

#include "cli/run_inputs.h"

namespace signet {

struct SampledRun {
  int64_t samples = 16;
  uint64_t seed = 1;
  int64_t threads = 1;
  std::string out = {};  ///< CSV file; "" for none
  bool json = false;
};

/// signet run --samples: classifies by mean probabilities of drawn networks
/// and says how sure they are. The exit status.
int run_samples(const runtime::Model& model, const Inputs& inputs,
                const SampledRun& o);

}  // namespace signet

// What drawing the units of a packed model takes, beside the model.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "signet/runtime/drawing/draw_kernel.h"
#include "signet/runtime/format/description.h"
#include "signet/runtime/isa.h"

namespace signet::runtime {

/// The units behind a layer with weights.
struct DrawnUnits {
  NoiseFamily noise;
  /// Of their random numbers: how many layers of units with noise are before
  /// them, as the samplers of the training side count.
  std::uint32_t site;
  std::int64_t pools;                 ///< see SampledLayer
  std::vector<double> scale, offset;  ///< as DrawCall takes them
};

struct PackedSampling {
  const DrawKernel* kernel;
  std::vector<DrawnUnits> units;  ///< of each layer with weights but the last
  Scores scores;
};

/// None if the model has no noise.
std::optional<PackedSampling> pack_sampling(const ModelDescription& description,
                                            Isa isa);

/// Bytes that it takes.
std::int64_t sampling_bytes(const ModelDescription& description);

}  // namespace signet::runtime

#include "signet/runtime/sampling.h"

namespace signet::runtime {
namespace {

/// Ends with the first channels again, so that those of a group of neighbours
/// lie in a row wherever it begins.
std::vector<double> repeated(const std::vector<float>& values) {
  std::vector<double> repeated(values.size() + drawing::kGroup - 1);
  for (std::size_t j = 0; j < repeated.size(); ++j) {
    repeated[j] = double{values[j % values.size()]};
  }
  return repeated;
}

}  // namespace

std::optional<PackedSampling> pack_sampling(const ModelDescription& description,
                                            Isa isa) {
  // One sampled layer is the last, which has no units.
  if (description.sampled.size() < 2) return std::nullopt;
  PackedSampling packed{
      .kernel = &choose_draw_kernel(isa), .units = {}, .scores = {}};
  std::uint32_t site = 0;
  for (const SampledLayer& layer : description.sampled) {
    if (&layer == &description.sampled.back()) {
      packed.scores = {layer.scale, layer.offset};
      break;
    }
    packed.units.push_back({.noise = layer.noise,
                            .site = site,
                            .pools = layer.pools,
                            .scale = repeated(layer.scale),
                            .offset = repeated(layer.offset)});
    site += layer.noise != NoiseFamily::none;
  }
  return packed;
}

std::int64_t sampling_bytes(const ModelDescription& description) {
  std::size_t bytes = 0;
  for (const SampledLayer& layer : description.sampled) {
    bytes += sizeof(DrawnUnits) +
             2 * sizeof(double) * (layer.scale.size() + drawing::kGroup);
  }
  return static_cast<std::int64_t>(bytes);
}

}  // namespace signet::runtime

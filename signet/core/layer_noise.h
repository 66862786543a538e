#pragma once

#include <optional>

#include "signet/core/random.h"
#include "signet/core/sampler.h"

namespace signet {

/// Some uniform numbers of a layer replaced by fresh ones, each with
/// probability 1 - keep: the Fourier noise operator N_keep on the units.
struct NoiseRenewal {
  double keep = 1;  ///< 1: nothing is replaced
  Random fresh{0};
};

/// The noise of one layer: each unit's u, uniform on (0, 1); the unit is high
/// where u < F(a).
class LayerNoise {
 public:
  LayerNoise(const Random& random, uint32_t site,
             const NoiseRenewal& renewal = {})
      : random_(random), site_(site), renewal_(renewal) {}

  /// u of every unit, of the shape, type and device of `logits`.
  Tensor uniform(const Tensor& logits) const;
  /// The units that these numbers draw, without gradient.
  Tensor draw(const Tensor& logits, const UnitOptions& units) const;
  /// Where these numbers are, unless some are replaced.
  std::optional<RandomStream> stream() const;
  /// Further independent numbers for the same layer.
  RandomStream extra(uint64_t k) const;

 private:
  Random random_;
  uint32_t site_;
  NoiseRenewal renewal_;
};

}  // namespace signet

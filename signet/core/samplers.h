#pragma once

#include "signet/core/random.h"
#include "signet/core/sampler.h"

namespace signet {

/// Draws independent units; no gradient passes. For test-time ensembles.
class IndependentSampler : public Sampler {
 public:
  explicit IndependentSampler(const Random& random) : random_(random) {}

  Tensor draw(const Tensor& logits, const UnitOptions& units) override;

 private:
  Random random_;
  uint32_t site_ = 0;
};

}  // namespace signet

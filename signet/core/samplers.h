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

/// Runs through all joint states of all layers, a block at a time: state k of
/// the block has unit i of the network set by bit i of (first + k).
/// Shapes: the units are [K, B, n].
class EnumeratingSampler : public Sampler {
 public:
  EnumeratingSampler(int64_t first, int64_t count)
      : first_(first), count_(count) {}

  Tensor draw(const Tensor& logits, const UnitOptions& units) override;

  /// P(state) of each example, [K, B].
  Tensor probability() const { return log_prob_.exp(); }

  /// Units of the network met so far.
  int64_t units() const { return units_; }

 private:
  int64_t first_;
  int64_t count_;
  int64_t units_ = 0;
  Tensor log_prob_;
};

}  // namespace signet

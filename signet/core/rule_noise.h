#pragma once

#include "signet/core/estimator.h"

namespace signet {

/// Uniform numbers besides those that draw the units: the k-th set of them.
/// Shapes: that of `logits`; float where `logits` has fewer bits.
Tensor extra_uniform(const DrawContext& context, const Tensor& logits,
                     uint64_t k);

/// The noise z given which state of each unit it has drawn: z <= a where
/// `high` (bool), else z > a; v is uniform on (0, 1).
///   z = F^{-1}(v F(a)),  or  F^{-1}(F(a) + v (1 - F(a)))
/// Exact in both tails for symmetric noise. Infinite for a state of
/// probability 0, which is never drawn.
/// Shapes: all that of `logits`. No derivative: what a rule averages over
/// must not depend on the logits a second time.
Tensor noise_given_state(const Noise& noise, const Tensor& logits,
                         const Tensor& high, const Tensor& v);

}  // namespace signet

#pragma once

#include "signet/core/normalized_logits.h"
#include "signet/core/random.h"
#include "signet/core/sampler.h"

namespace signet {

/// Whether units of these logits are drawn, and their gradient taken, in one
/// pass with the normalisation: the logits and the noise have kernels.
bool has_fused_units(const NormalizedLogits& logits, const UnitOptions& units);

/// Units of logits for which has_fused_units holds, of the type of logits.x:
/// those that draw_units draws for logits.value(). Backward
/// g_a = (high - low) F'(a) g_x, then that of the normalisation.
/// A NaN in x makes its whole channel NaN, and so low.
/// Cost: one pass forward, two backward.
Tensor fused_units(const NormalizedLogits& logits, const UnitOptions& units,
                   const RandomStream& stream);

/// x = high where a >= 0, else low (also for NaN); backward
/// g_a = (high - low) F'(a) g_x. Of the type of the logits.
Tensor deterministic_units(const Tensor& logits, const UnitOptions& units);

/// The same units and gradients for logits that are not written down: of the
/// type of logits.x and as cheap as fused_units where has_fused_units holds,
/// else those of logits.value().
Tensor deterministic_units(const NormalizedLogits& logits,
                           const UnitOptions& units);

}  // namespace signet

#include "signet/core/samplers.h"

#include "signet/core/checks.h"
#include "signet/core/draw_units.h"
#include "signet/core/finite.h"
#include "signet/core/normalized_logits.h"
#include "signet/core/step.h"
#include "signet/core/torch.h"

namespace signet {

Tensor Sampler::draw_normalized(const NormalizedLogits& logits,
                                const UnitOptions& units) {
  return draw(logits.value(), units);
}

Tensor ModeSampler::draw(const Tensor& logits, const UnitOptions& units) {
  check_floating(logits, "ModeSampler", "logits");
  check_no_nan(logits, "ModeSampler", "logits of units");
  return step(logits, low(units.encoding), high(units.encoding));
}

Tensor IndependentSampler::draw(const Tensor& logits,
                                const UnitOptions& units) {
  check_floating(logits, "IndependentSampler", "logits");
  check_no_nan(logits, "IndependentSampler", "logits of units");
  return draw_units(logits.detach(), *units.noise, low(units.encoding),
                    high(units.encoding), random_.site(site_++));
}

}  // namespace signet

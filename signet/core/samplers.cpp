#include "signet/core/samplers.h"

#include "signet/core/checks.h"
#include "signet/core/draw_units.h"
#include "signet/core/step.h"
#include "signet/core/torch.h"

namespace signet {

Tensor ModeSampler::draw(const Tensor& logits, const UnitOptions& units) {
  check_floating(logits, "ModeSampler", "logits");
  return step(logits, low(units.encoding), high(units.encoding));
}

Tensor IndependentSampler::draw(const Tensor& logits,
                                const UnitOptions& units) {
  check_floating(logits, "IndependentSampler", "logits");
  return draw_units(logits.detach(), *units.noise, low(units.encoding),
                    high(units.encoding), random_.site(site_++));
}

Tensor EnumeratingSampler::draw(const Tensor& logits,
                                const UnitOptions& units) {
  check_floating(logits, "EnumeratingSampler", "logits");
  // The first layer has no samples axis; later ones inherit it from below.
  const auto a = logits.dim() == 2 ? logits.unsqueeze(0) : logits;
  check(a.dim() == 3, "EnumeratingSampler",
        "logits must be [B, n] or [K, B, n], but got " +
            shape_text(logits.sizes()));
  const int64_t n = a.size(2);
  const auto index = torch::TensorOptions(torch::kInt64).device(a.device());
  const auto states = torch::arange(first_, first_ + count_, index);
  const auto shifts = torch::arange(units_, units_ + n, index);
  const auto high_bit =
      states.unsqueeze(1).bitwise_right_shift(shifts).bitwise_and(1).to(
          torch::kBool);  // [K, n]
  const auto mask = high_bit.unsqueeze(1).expand({count_, a.size(1), n});
  const auto log_q =
      signet::log_prob(*units.noise, a.expand({count_, a.size(1), n}), mask);
  const auto sum = log_q.sum(2);
  log_prob_ = log_prob_.defined() ? log_prob_ + sum : sum;
  units_ += n;
  return mask.to(a.scalar_type()) * width(units.encoding) + low(units.encoding);
}

}  // namespace signet

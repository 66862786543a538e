#include "signet/core/normalized_units.h"

#include "signet/core/channel_map.h"
#include "signet/core/checks.h"
#include "signet/core/kernels/parallel.h"
#include "signet/core/step.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// Units by one pass of write(kernels, map, first, count, from, out).
template <class Write>
Tensor units_of(NormalizedLogits logits, const UnitOptions& units,
                const Write& write) {
  logits.x = logits.x.contiguous();
  const auto& x = logits.x;
  const ChannelArrays arrays(logits);
  auto y = torch::empty(x.sizes(), x.options().requires_grad(false));
  with_numbers(x, [&]<class Number>(const Number* from) {
    Number* out = numbers<Number>(y);
    kernels::for_each_range(y.numel(), [&](int64_t first, int64_t count) {
      write(kernels::level().channels<Number>(), arrays.map(),
            first / kernels::kGroup, count, from + first, out + first);
    });
  });
  return through_normalization(logits, y, units.noise->kernel,
                               width(units.encoding));
}

}  // namespace

bool has_fused_units(const NormalizedLogits& logits, const UnitOptions& units) {
  return units.noise->kernel != ThresholdKernel::probability &&
         has_kernels(logits);
}

Tensor fused_units(const NormalizedLogits& logits, const UnitOptions& units,
                   const RandomStream& stream) {
  check(logits.x.numel() <= RandomStream::kMaxElements, "fused_units",
        "logits must have at most 2^34 elements, but got shape " +
            shape_text(logits.x.sizes()));
  const auto low = static_cast<float>(signet::low(units.encoding));
  const auto high = static_cast<float>(signet::high(units.encoding));
  const kernels::Address address{stream.seed, stream.site, stream.step,
                                 stream.replica};
  return units_of(logits, units,
                  [&](const auto& kernels, const kernels::ChannelMap& map,
                      int64_t group, int64_t count, const auto* x, auto* out) {
                    kernels.draw(units.noise->kernel, address, group, count,
                                 map, x, low, high, out);
                  });
}

Tensor deterministic_units(const Tensor& logits, const UnitOptions& units) {
  return straight_through(
      logits, step(logits, low(units.encoding), high(units.encoding)),
      *units.noise, width(units.encoding));
}

Tensor deterministic_units(const NormalizedLogits& logits,
                           const UnitOptions& units) {
  if (!has_fused_units(logits, units)) {
    return deterministic_units(logits.value(), units);
  }
  const auto low = static_cast<float>(signet::low(units.encoding));
  const auto high = static_cast<float>(signet::high(units.encoding));
  return units_of(logits, units,
                  [&](const auto& kernels, const kernels::ChannelMap& map,
                      int64_t group, int64_t count, const auto* x, auto* out) {
                    kernels.step(group, count, map, x, low, high, out);
                  });
}

}  // namespace signet

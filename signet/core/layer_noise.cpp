#include "signet/core/layer_noise.h"

#include "signet/core/draw_units.h"
#include "signet/core/torch.h"

namespace signet {

Tensor LayerNoise::uniform(const Tensor& logits) const {
  const auto options = logits.scalar_type() == torch::kDouble
                           ? logits.options()
                           : logits.options().dtype(torch::kFloat);
  const auto numbers = [&](const RandomStream& stream) {
    return stream.uniform(logits.sizes(), options);
  };
  const auto u = numbers(random_.site(site_));
  if (renewal_.keep == 1) return u;
  const auto choice = numbers(renewal_.fresh.branch(0).site(site_));
  return torch::where(choice < renewal_.keep, u,
                      numbers(renewal_.fresh.branch(1).site(site_)));
}

Tensor LayerNoise::draw(const Tensor& logits, const UnitOptions& units) const {
  const auto a = logits.detach();
  if (renewal_.keep == 1) {
    return draw_units(a, *units.noise, low(units.encoding),
                      high(units.encoding), random_.site(site_));
  }
  const auto is_high = uniform(a) < units.noise->cdf(a);
  return is_high.to(a.scalar_type()) * width(units.encoding) +
         low(units.encoding);
}

std::optional<RandomStream> LayerNoise::stream() const {
  if (renewal_.keep != 1) return std::nullopt;
  return random_.site(site_);
}

RandomStream LayerNoise::extra(uint64_t k) const {
  // Renewed runs share their noise, not these.
  const auto& source = renewal_.keep == 1 ? random_ : renewal_.fresh;
  return source.branch(k + 2).site(site_);
}

}  // namespace signet

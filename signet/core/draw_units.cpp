#include "signet/core/draw_units.h"

#include <ATen/Functions.h>
#include <c10/core/GradMode.h>

#include "signet/core/checks.h"

namespace signet {

at::Tensor draw_units(const at::Tensor& logits, const Noise& noise, double low,
                      double high, const RandomStream& stream) {
  check_floating(logits, "draw_units", "logits");
  at::NoGradGuard no_grad;
  const auto u = stream.uniform(
      logits.sizes(),
      logits.options().dtype(logits.scalar_type() == at::kDouble ? at::kDouble
                                                                 : at::kFloat));
  const auto values = logits.options();
  return at::where(u < noise.cdf(logits), at::full({}, high, values),
                   at::full({}, low, values));
}

at::Tensor proxy_gradient(const at::Tensor& logits, const Noise& noise,
                          double scale, const at::Tensor& grad) {
  check_floating(logits, "proxy_gradient", "logits");
  at::NoGradGuard no_grad;
  return noise.density(logits) * scale * grad;
}

}  // namespace signet

#include "signet/core/draw_units.h"

#include <ATen/Functions.h>
#include <c10/core/GradMode.h>

#include "signet/core/checks.h"
#include "signet/core/kernels/level.h"
#include "signet/core/kernels/parallel.h"

namespace signet {
namespace {

/// What a family's kernel takes: the logits, or for a family without a kernel
/// of its own the values of `function` there. Contiguous.
at::Tensor kernel_input(const at::Tensor& logits, const Noise& noise,
                        const Noise::Function& function) {
  return (noise.kernel == ThresholdKernel::probability ? function(logits)
                                                       : logits)
      .contiguous();
}

at::Tensor draw_fused(const at::Tensor& logits, const Noise& noise, double low,
                      double high, const RandomStream& stream) {
  const auto input = kernel_input(logits, noise, noise.cdf);
  auto units = at::empty(logits.sizes(), logits.options());
  const float* in = input.data_ptr<float>();
  float* out = units.data_ptr<float>();
  const auto draw = kernels::level().draw;
  kernels::for_each_range(units.numel(), [&](int64_t first, int64_t count) {
    draw(noise.kernel, {stream.seed, stream.site, stream.step, stream.replica},
         first / kernels::kGroup, count, in + first, static_cast<float>(low),
         static_cast<float>(high), out + first);
  });
  return units;
}

}  // namespace

at::Tensor draw_units(const at::Tensor& logits, const Noise& noise, double low,
                      double high, const RandomStream& stream) {
  check_floating(logits, "draw_units", "logits");
  check(logits.numel() <= RandomStream::kMaxElements, "draw_units",
        "logits must have at most 2^34 elements, but got shape " +
            shape_text(logits.sizes()));
  at::NoGradGuard no_grad;
  const auto type = logits.scalar_type();
  if (type != at::kFloat && type != at::kDouble) {
    // In a type with fewer bits F would round to 1.
    return draw_units(logits.to(at::kFloat), noise, low, high, stream).to(type);
  }
  if (logits.is_cpu() && type == at::kFloat) {
    return draw_fused(logits, noise, low, high, stream);
  }
  const auto u = stream.uniform(logits.sizes(), logits.options());
  return at::where(u < noise.cdf(logits), at::full({}, high, logits.options()),
                   at::full({}, low, logits.options()));
}

at::Tensor proxy_gradient(const at::Tensor& logits, const Noise& noise,
                          double scale, const at::Tensor& grad) {
  check_floating(logits, "proxy_gradient", "logits");
  at::NoGradGuard no_grad;
  const bool fused =
      logits.is_cpu() && grad.is_cpu() && logits.scalar_type() == at::kFloat &&
      grad.scalar_type() == at::kFloat && logits.sizes() == grad.sizes();
  if (!fused) return noise.density(logits) * scale * grad;

  const auto input = kernel_input(logits, noise, noise.density);
  const auto factor = grad.contiguous();
  auto result = at::empty(logits.sizes(), logits.options());
  const float* in = input.data_ptr<float>();
  const float* by = factor.data_ptr<float>();
  float* out = result.data_ptr<float>();
  const auto gradient = kernels::level().gradient;
  kernels::for_each_range(result.numel(), [&](int64_t first, int64_t count) {
    gradient(noise.kernel, count, in + first, static_cast<float>(scale),
             by + first, out + first);
  });
  return result;
}

at::Tensor score(const Noise& noise, const at::Tensor& logits,
                 const at::Tensor& units, double middle) {
  check_floating(logits, "score", "logits");
  check_floating(units, "score", "units");
  at::NoGradGuard no_grad;
  const bool fused =
      noise.kernel != ThresholdKernel::probability && logits.is_cpu() &&
      units.is_cpu() && logits.scalar_type() == at::kFloat &&
      units.scalar_type() == at::kFloat && logits.sizes() == units.sizes();
  if (!fused) return score(noise, logits, units > middle);

  const auto input = logits.contiguous(), states = units.contiguous();
  auto result = at::empty(logits.sizes(), logits.options());
  const float* in = input.data_ptr<float>();
  const float* x = states.data_ptr<float>();
  float* out = result.data_ptr<float>();
  const auto kernel = kernels::level().score;
  kernels::for_each_range(result.numel(), [&](int64_t first, int64_t count) {
    kernel(noise.kernel, count, in + first, x + first,
           static_cast<float>(middle), out + first);
  });
  return result;
}

}  // namespace signet

#include <ATen/Functions.h>
#include <torch/csrc/autograd/custom_function.h>

#include "signet/core/checks.h"
#include "signet/core/draw_units.h"
#include "signet/core/noise.h"

namespace signet {
namespace {

using at::Tensor;

Tensor ratio(const Tensor& density, const Tensor& probability) {
  // Divided by 1 where there is nothing to divide by, so that a second
  // derivative is finite too.
  const auto none = probability == 0;
  return at::where(
      none, at::zeros_like(density),
      density / at::where(none, at::ones_like(density), probability));
}

/// (log F)'.
Tensor log_cdf_slope(const Noise& noise, const Tensor& a) {
  return noise.score ? noise.score(a) : ratio(noise.density(a), noise.cdf(a));
}

/// Log-probability with the closed-form derivative. The derivative is itself
/// built from differentiable operations, on the saved logit.
struct LogProb : torch::autograd::Function<LogProb> {
  struct Family : torch::CustomClassHolder {
    explicit Family(const Noise& noise) : noise(noise) {}
    Noise noise;
  };

  static Tensor log_cdf(const Noise& noise, const Tensor& a) {
    return noise.log_cdf ? noise.log_cdf(a) : at::log(noise.cdf(a));
  }

  static Tensor forward(torch::autograd::AutogradContext* context,
                        const Tensor& a, const Tensor& high,
                        const Noise& noise) {
    context->save_for_backward({a, high});
    context->saved_data["noise"] =
        at::IValue::make_capsule(c10::make_intrusive<Family>(noise));
    if (noise.symmetric) return log_cdf(noise, at::where(high, a, -a));
    return at::where(high, log_cdf(noise, a), at::log1p(-noise.cdf(a)));
  }

  static torch::autograd::tensor_list backward(
      torch::autograd::AutogradContext* context,
      torch::autograd::tensor_list grad) {
    const auto saved = context->get_saved_variables();
    const auto& [a, high] = std::tie(saved[0], saved[1]);
    const auto family = context->saved_data["noise"].toCapsule();
    const auto& noise = static_cast<const Family&>(*family).noise;
    return {grad[0] * score(noise, a, high), Tensor(), Tensor()};
  }
};

}  // namespace

at::Tensor score(const Noise& noise, const at::Tensor& logits,
                 const at::Tensor& high) {
  if (noise.symmetric) {
    const auto s = log_cdf_slope(noise, at::where(high, logits, -logits));
    return at::where(high, s, -s);
  }
  return at::where(high, log_cdf_slope(noise, logits),
                   -ratio(noise.density(logits), 1 - noise.cdf(logits)));
}

at::Tensor log_prob(const Noise& noise, const at::Tensor& a,
                    const at::Tensor& high) {
  check_floating(a, "log_prob", "a");
  check(high.scalar_type() == at::kBool, "log_prob",
        std::string("high must be of type bool, but got ") +
            c10::toString(high.scalar_type()));
  const auto both = at::broadcast_tensors({a, high});
  return LogProb::apply(both[0], both[1], noise);
}

}  // namespace signet

#include "signet/models/binary_linear.h"

#include <cmath>

#include "signet/core/checks.h"
#include "signet/core/replicated_linear.h"
#include "signet/core/step.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

struct SignIdentity : torch::autograd::Function<SignIdentity> {
  static Tensor forward(torch::autograd::AutogradContext*,
                        const Tensor& latent) {
    return step(latent, -1, 1);
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext*, torch::autograd::variable_list g) {
    return g;
  }
};

Tensor uniform(at::IntArrayRef shape, double bound,
               const RandomStream& random) {
  return (random.uniform(shape, at::kFloat) * 2 - 1) * bound;
}

void check_inputs(const Tensor& x, const Tensor& weight, const char* who) {
  check_floating(x, who, "x");
  check(x.dim() >= 1 && x.size(-1) == weight.size(-1), who,
        "x must be [..., " + std::to_string(weight.size(-1)) + "], but got " +
            shape_text(x.sizes()));
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (weight.dim() == 3) return replicated_linear(x, weight, bias);
  const auto y = torch::matmul(x, weight.t());
  return bias.defined() ? y + bias : y;
}

}  // namespace

Tensor binary_weights(const Tensor& latent) {
  return SignIdentity::apply(latent);
}

BinaryLinear::BinaryLinear(int64_t inputs, int64_t outputs, bool with_bias,
                           double init, const RandomStream& random)
    : torch::nn::Module("BinaryLinear") {
  latent =
      register_parameter("latent", uniform({outputs, inputs}, init, random));
  if (with_bias) bias = register_parameter("bias", torch::zeros({outputs}));
}

Tensor BinaryLinear::forward(const Tensor& x) const {
  check_inputs(x, latent, "BinaryLinear");
  return linear(x, binary_weights(latent), bias);
}

RealLinear::RealLinear(int64_t inputs, int64_t outputs, bool with_bias,
                       const RandomStream& random)
    : torch::nn::Module("RealLinear") {
  weight = register_parameter(
      "weight", uniform({outputs, inputs},
                        1 / std::sqrt(static_cast<double>(inputs)), random));
  if (with_bias) bias = register_parameter("bias", torch::zeros({outputs}));
}

Tensor RealLinear::forward(const Tensor& x) const {
  check_inputs(x, weight, "RealLinear");
  return linear(x, weight, bias);
}

}  // namespace signet

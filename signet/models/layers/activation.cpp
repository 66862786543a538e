#include "signet/models/layers/activation.h"

#include "signet/core/torch.h"
#include "signet/models/layer.h"

namespace signet {
namespace {

struct Function {
  const char* name;
  const char* help;
  Tensor (*apply)(const Tensor& x);
};

/// In the order of Activation.
const Function kFunctions[] = {
    {"relu", "max(x, 0)", [](const Tensor& x) { return at::relu(x); }},
    {"tanh", "tanh(x)", [](const Tensor& x) { return at::tanh(x); }},
    {"sigmoid", "1 / (1 + exp(-x))",
     [](const Tensor& x) { return at::sigmoid(x); }},
    {"hard-tanh", "x clipped to [-1, 1]",
     [](const Tensor& x) { return at::hardtanh(x); }},
};

struct ActivationLayer : Layer {
  explicit ActivationLayer(const Function& function)
      : Layer("Activation"), function_(function) {}

  Tensor forward(const Tensor& x, ForwardPass&) override {
    return function_.apply(x);
  }

  const Function& function_;
};

}  // namespace

template <Activation kFunction>
LayerKind ActivationSpec<kFunction>::kind() {
  const auto& function = kFunctions[static_cast<int>(kFunction)];
  return {function.name, function.help};
}

template <Activation kFunction>
std::shared_ptr<Layer> ActivationSpec<kFunction>::build(
    const Shape&, const RandomStream&) const {
  return std::make_shared<ActivationLayer>(
      kFunctions[static_cast<int>(kFunction)]);
}

template struct ActivationSpec<Activation::relu>;
template struct ActivationSpec<Activation::tanh>;
template struct ActivationSpec<Activation::sigmoid>;
template struct ActivationSpec<Activation::hard_tanh>;

}  // namespace signet

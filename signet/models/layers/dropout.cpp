#include "signet/models/layers/dropout.h"

#include "signet/core/torch.h"
#include "signet/models/layer.h"

namespace signet {
namespace {

struct Dropout : Layer {
  explicit Dropout(const DropoutSpec& spec) : Layer("Dropout"), spec_(spec) {}

  Tensor forward(const Tensor& x, ForwardPass& pass) override {
    if (!is_training() || spec_.rate == 0) return x;
    const auto u = pass.random.site(RandomUse::dropout, pass.index)
                       .uniform(x.sizes(), x.options());
    return x * (u >= spec_.rate) / (1 - spec_.rate);
  }

  DropoutSpec spec_;
};

}  // namespace

LayerKind DropoutSpec::kind() {
  return {"dropout",
          "sets activations to 0 while training",
          {{.name = "rate",
            .fallback = 0.5,
            .help = "share set to 0",
            .min = 0,
            .max = 0.999}}};
}

DropoutSpec DropoutSpec::read(const Arguments& a) {
  return {.rate = a.number("rate")};
}

Shape DropoutSpec::output(const Shape& input, OpenShortcuts&) const {
  return input;
}

std::shared_ptr<Layer> DropoutSpec::build(const Shape&,
                                          const RandomStream&) const {
  return std::make_shared<Dropout>(*this);
}

}  // namespace signet

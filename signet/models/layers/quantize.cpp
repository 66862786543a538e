#include "signet/models/layers/quantize.h"

#include "signet/core/torch.h"
#include "signet/models/layer.h"

namespace signet {
namespace {

struct Quantize : Layer {
  explicit Quantize(const QuantizerOptions& options)
      : Layer("Quantize"), options_(options) {
    if (options.learn != ScaleGradient::none) {
      scale_ = register_parameter(
          "scale", torch::full({1}, options.scale, torch::kFloat));
    }
  }

  Tensor forward(const Tensor& x, ForwardPass&) override {
    return scale_.defined() ? quantize(x, scale_, options_)
                            : quantize(x, options_);
  }
  std::vector<Tensor*> handles() override { return {&scale_}; }

  QuantizerOptions options_;
  Tensor scale_;  ///< [1]; undefined if it is fixed
};

}  // namespace

LayerKind QuantizeSpec::kind() {
  return {"quantize", "activations of a few bits", quantizer_parameters()};
}

QuantizeSpec QuantizeSpec::read(const Arguments& a) {
  return {.options = read_quantizer(a)};
}

LayerCost QuantizeSpec::cost(const Shape&) const {
  return {.real_weights = options.learn != ScaleGradient::none ? 1 : 0};
}

std::shared_ptr<Layer> QuantizeSpec::build(const Shape&,
                                           const RandomStream&) const {
  return std::make_shared<Quantize>(options);
}

}  // namespace signet

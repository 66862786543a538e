#include "signet/models/layers/flatten.h"

#include "signet/core/torch.h"
#include "signet/models/layer.h"

namespace signet {
namespace {

struct Flatten : Layer {
  Flatten() : Layer("Flatten") {}

  Tensor forward(const Tensor& x, ForwardPass&) override {
    return x.flatten(-3, -1);
  }
  bool takes_bfloat16() const override { return true; }
};

}  // namespace

LayerKind FlattenSpec::kind() {
  return {"flatten", "a map becomes a vector: height, width, channels"};
}

FlattenSpec FlattenSpec::read(const Arguments&) { return {}; }

Shape FlattenSpec::output(const Shape& input, OpenShortcuts&) const {
  check_map(input);
  return Shape::vector(input.values());
}

std::shared_ptr<Layer> FlattenSpec::build(const Shape&,
                                          const RandomStream&) const {
  return std::make_shared<Flatten>();
}

}  // namespace signet

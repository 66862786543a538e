#include "signet/models/layers/shortcut.h"

#include "signet/core/torch.h"
#include "signet/models/layer.h"

namespace signet {
namespace {

struct Shortcut : Layer {
  Shortcut() : Layer("Shortcut") {}

  Tensor forward(const Tensor& x, ForwardPass& pass) override {
    pass.shortcuts.push_back(x);
    return x;
  }
};

/// The stride that takes `size` pixels to `less`; 0 if there is none.
int64_t stride_between(int64_t size, int64_t less) {
  const int64_t stride = (size + less - 1) / less;
  return (size + stride - 1) / stride == less ? stride : 0;
}

struct Add : Layer {
  explicit Add(bool flat) : Layer("Add"), flat_(flat) {}

  Tensor forward(const Tensor& x, ForwardPass& pass) override {
    auto other = pass.shortcuts.back();
    pass.shortcuts.pop_back();
    if (flat_) return x + other;
    const int64_t stride = stride_between(other.size(-3), x.size(-3));
    if (stride > 1)
      other = other.slice(-3, 0, c10::nullopt, stride)
                  .slice(-2, 0, c10::nullopt, stride);
    const int64_t new_channels = x.size(-1) - other.size(-1);
    if (new_channels > 0) other = at::constant_pad_nd(other, {0, new_channels});
    return x + other;
  }

  bool flat_;  ///< vectors, perhaps with axes of samples in front
};

}  // namespace

LayerKind ShortcutSpec::kind() {
  return {"shortcut", "remembers its input for the 'add' that follows"};
}

Shape ShortcutSpec::output(const Shape& input, OpenShortcuts& open) const {
  open.push_back({.shape = input, .layer = {}});
  return input;
}

std::shared_ptr<Layer> ShortcutSpec::build(const Shape&,
                                           const RandomStream&) const {
  return std::make_shared<Shortcut>();
}

LayerKind AddSpec::kind() {
  return {"add",
          "adds what the last open 'shortcut' remembers, subsampled and with "
          "channels of zeros where shapes differ (option A)"};
}

Shape AddSpec::output(const Shape& input, OpenShortcuts& open) const {
  if (open.empty()) throw UsageError("has no open shortcut before it");
  const auto [shape, layer] = open.back();
  open.pop_back();
  const bool fits =
      shape.flat == input.flat && shape.channels <= input.channels &&
      (input.flat ? shape == input
                  : stride_between(shape.height, input.height) > 0 &&
                        stride_between(shape.height, input.height) ==
                            stride_between(shape.width, input.width));
  if (!fits) {
    throw UsageError("adds " + shape.text() + " of layer " + layer + " to " +
                     input.text() +
                     ": the shortcut must be as large or larger by a whole "
                     "stride, with no more channels");
  }
  return input;
}

std::shared_ptr<Layer> AddSpec::build(const Shape& input,
                                      const RandomStream&) const {
  return std::make_shared<Add>(input.flat);
}

}  // namespace signet

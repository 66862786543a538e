#include "signet/models/layers/pool.h"

#include "signet/core/max_pool.h"
#include "signet/core/torch.h"
#include "signet/models/layer.h"

namespace signet {
namespace {

/// What a pool makes of maps [B, h, w, c], for [..., B, h, w, c].
template <class Pool>
Tensor pooled(const Tensor& x, const Pool& pool) {
  const auto y = pool(x.flatten(0, x.dim() - 4));
  auto shape = x.sizes().vec();
  std::copy(y.sizes().begin() + 1, y.sizes().end(), shape.end() - 3);
  return y.reshape(shape);
}

struct MaxPool : Layer {
  explicit MaxPool(const MaxPoolSpec& spec) : Layer("MaxPool"), spec_(spec) {}

  Tensor forward(const Tensor& x, ForwardPass&) override {
    return pooled(x, [&](const Tensor& maps) {
      return max_pool(maps.contiguous(), spec_.size, spec_.stride);
    });
  }
  bool takes_bfloat16() const override { return true; }

  MaxPoolSpec spec_;
};

struct AveragePool : Layer {
  explicit AveragePool(const AveragePoolSpec& spec)
      : Layer("AveragePool"), spec_(spec) {}

  Tensor forward(const Tensor& x, ForwardPass&) override {
    if (spec_.size == 0) return x.mean({-3, -2}, /*keepdim=*/true);
    return pooled(x, [&](const Tensor& maps) {
      return at::avg_pool2d(maps.permute({0, 3, 1, 2}), spec_.size)
          .permute({0, 2, 3, 1});
    });
  }

  AveragePoolSpec spec_;
};

void check_window(const Shape& input, int64_t size) {
  check_map(input);
  if (size > std::min(input.height, input.width)) {
    throw UsageError("has a window of " + std::to_string(size) +
                     ", which does not fit into " + input.text());
  }
}

}  // namespace

LayerKind MaxPoolSpec::kind() {
  return {"max-pool",
          "the greatest value of each window of a map",
          {{.name = "size",
            .fallback = int64_t{2},
            .help = "height and width of the window",
            .min = 1,
            .max = 99},
           {.name = "stride",
            .fallback = int64_t{0},
            .help = "step of the window; 0: its size",
            .min = 0,
            .max = 99}}};
}

MaxPoolSpec MaxPoolSpec::read(const Arguments& a) {
  const int64_t size = a.integer("size"), stride = a.integer("stride");
  return {.size = size, .stride = stride ? stride : size};
}

Shape MaxPoolSpec::output(const Shape& input, OpenShortcuts&) const {
  check_window(input, size);
  return Shape::map(input.channels, (input.height - size) / stride + 1,
                    (input.width - size) / stride + 1);
}

std::shared_ptr<Layer> MaxPoolSpec::build(const Shape&,
                                          const RandomStream&) const {
  return std::make_shared<MaxPool>(*this);
}

LayerKind AveragePoolSpec::kind() {
  return {"average-pool",
          "the mean of each window of a map",
          {{.name = "size",
            .fallback = int64_t{0},
            .help = "height, width and step of the window; 0: the whole map",
            .min = 0,
            .max = 99}}};
}

AveragePoolSpec AveragePoolSpec::read(const Arguments& a) {
  return {.size = a.integer("size")};
}

Shape AveragePoolSpec::output(const Shape& input, OpenShortcuts&) const {
  check_window(input, size);
  return size == 0 ? Shape::map(input.channels, 1, 1)
                   : Shape::map(input.channels, input.height / size,
                                input.width / size);
}

std::shared_ptr<Layer> AveragePoolSpec::build(const Shape&,
                                              const RandomStream&) const {
  return std::make_shared<AveragePool>(*this);
}

}  // namespace signet

#include "signet/models/layers/conv.h"

#include <ATen/ExpandUtils.h>

#include "signet/core/checks.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// [..., h, w, c] with one axis in front. Sizes of the others in `lead`.
Tensor fold(const Tensor& t, int64_t kept) {
  auto shape = t.sizes().slice(static_cast<size_t>(t.dim() - kept)).vec();
  shape.insert(shape.begin(), -1);
  return t.reshape(shape);
}

at::IntArrayRef leading(const Tensor& t, int64_t kept) {
  return t.sizes().slice(0, static_cast<size_t>(t.dim() - kept));
}

std::vector<int64_t> joined(at::IntArrayRef lead, at::IntArrayRef rest) {
  auto shape = lead.vec();
  shape.insert(shape.end(), rest.begin(), rest.end());
  return shape;
}

/// Values of one side after the convolution.
int64_t side(int64_t size, const ConvSpec& spec) {
  return (size + 2 * spec.padding - spec.kernel) / spec.stride + 1;
}

}  // namespace

LayerKind ConvSpec::kind() {
  std::vector<Parameter> parameters = {
      {.name = "channels",
       .fallback = int64_t{0},
       .help = "channels out",
       .min = 1,
       .max = 1 << 16},
      {.name = "kernel",
       .fallback = int64_t{3},
       .help = "height and width of the kernel",
       .min = 1,
       .max = 99},
      {.name = "stride",
       .fallback = int64_t{1},
       .help = "step of the kernel",
       .min = 1,
       .max = 99},
      {.name = "padding",
       .fallback = int64_t{0},
       .help = "pixels added on each side",
       .min = 0,
       .max = 49},
      {.name = "pad",
       .fallback = std::string("zero"),
       .help = "value of the pixels added: zero, minus (-1) or plus (+1)",
       .choices = {"zero", "minus", "plus"}}};
  for (auto& p : weight_parameters()) parameters.push_back(std::move(p));
  parameters.push_back(
      {.name = "bias", .fallback = false, .help = "add a bias"});
  return {"conv", "convolution of a map", parameters};
}

ConvSpec ConvSpec::read(const Arguments& a) {
  check(a.integer("channels") > 0, "conv", "channels must be given");
  check(a.integer("padding") < a.integer("kernel"), "conv",
        "padding must be less than kernel");
  const auto& pad = a.text("pad");
  return {.channels = a.integer("channels"),
          .kernel = a.integer("kernel"),
          .stride = a.integer("stride"),
          .padding = a.integer("padding"),
          .padding_value = pad == "zero"    ? Padding::zero
                           : pad == "minus" ? Padding::minus
                                            : Padding::plus,
          .weights = read_weights(a),
          .bias = a.flag("bias")};
}

Shape ConvSpec::output(const Shape& input, OpenShortcuts&) const {
  check_map(input);
  if (kernel > std::min(input.height, input.width) + 2 * padding) {
    throw UsageError("has a kernel of " + std::to_string(kernel) + "x" +
                     std::to_string(kernel) + ", which does not fit into " +
                     input.text() + " with padding " + std::to_string(padding));
  }
  return Shape::map(channels, side(input.height, *this),
                    side(input.width, *this));
}

LayerCost ConvSpec::cost(const Shape& input) const {
  const int64_t n = kernel * kernel * input.channels * channels;
  return cost_of(weights, n,
                 n * side(input.height, *this) * side(input.width, *this),
                 bias ? channels : 0);
}

std::shared_ptr<Layer> ConvSpec::build(const Shape& input,
                                       const RandomStream& random) const {
  return std::make_shared<Conv>(input.channels, *this, random);
}

Conv::Conv(int64_t inputs, const ConvSpec& spec, const RandomStream& random)
    : WeightedLayer("Conv", spec.weights,
                    {spec.channels, spec.kernel, spec.kernel, inputs},
                    spec.bias, random),
      spec_(spec) {}

/// One convolution for x [B, h, w, c]; weights [out, k, k, c], or [B, ...].
Tensor Conv::convolve(const Tensor& x, const Tensor& w,
                      bool for_each_example) const {
  // Maps stay [B, h, w, c] in memory; ATen sees them as channels-last.
  auto maps = x.permute({0, 3, 1, 2});
  int64_t padding = spec_.padding, groups = 1;
  if (padding > 0 && spec_.padding_value != ConvSpec::Padding::zero) {
    const double value =
        spec_.padding_value == ConvSpec::Padding::minus ? -1 : 1;
    maps =
        at::constant_pad_nd(maps, {padding, padding, padding, padding}, value);
    padding = 0;
  }
  auto kernels = w;
  if (for_each_example) {
    groups = maps.size(0);
    maps = maps.reshape({1, -1, maps.size(2), maps.size(3)});
    kernels = w.flatten(0, 1);
  }
  const auto y = at::conv2d(maps, kernels.permute({0, 3, 1, 2}), {},
                            spec_.stride, padding, 1, groups);
  if (for_each_example) {
    return y.view({groups, spec_.channels, y.size(2), y.size(3)})
        .permute({0, 2, 3, 1})
        .contiguous();
  }
  return y.permute({0, 2, 3, 1}).contiguous();
}

Tensor Conv::forward(const Tensor& x, ForwardPass& pass) {
  check_floating(x, "conv", "x");
  const auto& own = latent.defined() ? latent : weight;
  check(x.dim() >= 4 && x.size(-1) == own.size(-1), "conv",
        "x must be [..., B, height, width, " + std::to_string(own.size(-1)) +
            "], but got " + shape_text(x.sizes()));
  const auto [w, for_each_example] = weights(x.size(-4), pass);
  const auto input = x.to(w.scalar_type());
  const auto added = bias_to_add(pass);
  const int64_t kept = for_each_example ? 5 : 4;
  if (w.dim() == 4) {
    const auto y = convolve(fold(input, 3), w, false);
    return with_bias(y.view(joined(leading(x, 3), y.sizes().slice(1))), added);
  }
  // Weights of their own for each replicate or sample: one after the other.
  const auto lead = at::infer_size(leading(input, 4), leading(w, kept));
  const auto xs =
      fold(input.expand(joined(lead, input.sizes().slice(input.dim() - 4))), 4);
  const auto ws =
      fold(w.expand(joined(lead, w.sizes().slice(w.dim() - kept))), kept);
  std::vector<Tensor> each;
  for (int64_t i = 0; i < ws.size(0); ++i)
    each.push_back(convolve(xs[i], ws[i], for_each_example));
  const auto y = torch::stack(each);
  return with_bias(y.view(joined(lead, y.sizes().slice(1))), added);
}

}  // namespace signet

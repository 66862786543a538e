#include "signet/models/network.h"

#include <utility>

#include "signet/base/overloaded.h"
#include "signet/core/checks.h"
#include "signet/core/torch.h"
#include "signet/models/batch_norm.h"
#include "signet/models/binary_linear.h"

namespace signet {
Network::Network(NetworkSpec spec, const Random& random)
    : torch::nn::Module("Network"),
      spec_(std::move(spec)),
      dropout_random_(random) {
  int64_t values = spec_.inputs;
  for (size_t i = 0; i < spec_.layers.size(); ++i) {
    const auto stream =
        random.site(RandomUse::initialization, static_cast<uint32_t>(i));
    using ModulePointer = std::shared_ptr<torch::nn::Module>;
    const auto module = std::visit(
        Overloaded{
            [&](const LinearSpec& linear) -> ModulePointer {
              const int64_t inputs = std::exchange(values, linear.outputs);
              if (linear.binary) {
                return std::make_shared<BinaryLinear>(
                    inputs, linear.outputs, linear.bias, linear.init, stream);
              }
              return std::make_shared<RealLinear>(inputs, linear.outputs,
                                                  linear.bias, stream);
            },
            [&](const BatchNormSpec& norm) -> ModulePointer {
              return std::make_shared<BatchNorm>(values, norm);
            },
            [](const auto&) -> ModulePointer {
              return std::make_shared<torch::nn::Module>();
            }},
        spec_.layers[i]);
    layers_.push_back(register_module(std::to_string(i), module));
  }
}

Tensor Network::forward(const Tensor& x, Sampler& sampler,
                        const Observer& observe) {
  check_floating(x, "Network", "x");
  check(x.dim() == 2 && x.size(1) == spec_.inputs, "Network",
        "x must be [B, " + std::to_string(spec_.inputs) + "], but got " +
            shape_text(x.sizes()));
  Tensor h = x;
  for (size_t i = 0; i < spec_.layers.size(); ++i) {
    auto& module = *layers_[i];
    h = std::visit(
        Overloaded{[&](const LinearSpec& linear) {
                     return linear.binary
                                ? static_cast<BinaryLinear&>(module).forward(h)
                                : static_cast<RealLinear&>(module).forward(h);
                   },
                   [&](const BatchNormSpec&) {
                     return static_cast<BatchNorm&>(module).forward(h);
                   },
                   [&](const UnitsSpec& units) {
                     return sampler.draw(h,
                                         {.encoding = units.encoding,
                                          .noise = &find_noise(units.noise)});
                   },
                   [&](const DropoutSpec& dropout) {
                     if (!is_training() || dropout.rate == 0) return h;
                     const auto u =
                         dropout_random_
                             .site(RandomUse::dropout, static_cast<uint32_t>(i))
                             .uniform(h.sizes(), h.options());
                     return h * (u >= dropout.rate) / (1 - dropout.rate);
                   }},
        spec_.layers[i]);
    if (observe) observe(i, h);
  }
  return h;
}

std::vector<Tensor*> Network::handles() {
  std::vector<Tensor*> all;
  for (size_t i = 0; i < spec_.layers.size(); ++i) {
    auto& module = *layers_[i];
    const auto own = std::visit(
        Overloaded{[&](const LinearSpec& linear) -> std::vector<Tensor*> {
                     if (linear.binary) {
                       auto& layer = static_cast<BinaryLinear&>(module);
                       return {&layer.latent, &layer.bias};
                     }
                     auto& layer = static_cast<RealLinear&>(module);
                     return {&layer.weight, &layer.bias};
                   },
                   [&](const BatchNormSpec&) -> std::vector<Tensor*> {
                     auto& layer = static_cast<BatchNorm&>(module);
                     return {&layer.weight, &layer.bias};
                   },
                   [](const auto&) { return std::vector<Tensor*>(); }},
        spec_.layers[i]);
    for (Tensor* tensor : own) {
      if (tensor->defined()) all.push_back(tensor);
    }
  }
  return all;
}

void Network::compute_with(const std::vector<Tensor>& given) {
  const auto targets = handles();
  const auto own = named_parameters();
  check(given.size() == targets.size(), "Network",
        "there must be a tensor for each of its " +
            std::to_string(targets.size()) + " parameters, but got " +
            std::to_string(given.size()));
  for (size_t i = 0; i < given.size(); ++i) {
    const auto shape = own[i].value().sizes(), got = given[i].sizes();
    const bool replicated = got.size() == shape.size() + 1;
    check((replicated ? got.slice(1) : got) == shape &&
              (!replicated || got[0] == given[0].size(0)),
          "Network",
          own[i].key() + " must be " + shape_text(shape) +
              ", with or without an axis of replicates, but got " +
              shape_text(got));
  }
  for (size_t i = 0; i < given.size(); ++i) *targets[i] = given[i];
}

}  // namespace signet

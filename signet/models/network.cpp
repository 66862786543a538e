#include "signet/models/network.h"

#include <utility>

#include "signet/core/checks.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// [B, channels height width] as layers take it.
Tensor as_first_layer_takes_it(const Tensor& x, const NetworkSpec& spec) {
  const auto& shape = spec.input;
  if (layer_input(spec, 0).flat) return x;
  return x.view({-1, shape.channels, shape.height, shape.width})
      .permute({0, 2, 3, 1})
      .contiguous();
}

/// Whether a batch norm meets what layer i gives, at once or after what works
/// on each channel alone and commutes with adding a bias to it.
bool meets_batch_norm(const NetworkSpec& spec, size_t i) {
  do {
    ++i;
  } while (i < spec.layers.size() &&
           (std::holds_alternative<MaxPoolSpec>(spec.layers[i]) ||
            std::holds_alternative<DropoutSpec>(spec.layers[i])));
  return i < spec.layers.size() &&
         std::holds_alternative<BatchNormSpec>(spec.layers[i]);
}

}  // namespace

Network::Network(NetworkSpec spec, const Random& random)
    : torch::nn::Module("Network"),
      spec_(std::move(spec)),
      dropout_random_(random) {
  const auto summary = summarize(spec_);
  for (size_t i = 0; i < spec_.layers.size(); ++i) {
    const auto input = i == 0 ? layer_input(spec_, 0) : summary[i - 1].output;
    const auto stream =
        random.site(RandomUse::initialization, static_cast<uint32_t>(i));
    layers_.push_back(register_module(
        std::to_string(i),
        std::visit([&](const auto& s) { return s.build(input, stream); },
                   spec_.layers[i])));
    auto* weighted = dynamic_cast<WeightedLayer*>(layers_.back().get());
    if (weighted && meets_batch_norm(spec_, i)) weighted->leave_bias();
  }
}

void Network::set_precision(at::ScalarType type) {
  check(type == at::kFloat || type == at::kBFloat16, "Network",
        "precision must be float or bfloat16, but got " +
            std::string(c10::toString(type)));
  precision_ = type;
}

Tensor Network::forward(const Tensor& x, Sampler& sampler,
                        const Observer& observe) {
  check_floating(x, "Network", "x");
  const int64_t inputs = spec_.input.values();
  check(x.dim() == 2 && x.size(1) == inputs, "Network",
        "x must be [B, " + std::to_string(inputs) + "], but got " +
            shape_text(x.sizes()));
  ForwardPass pass{.sampler = sampler,
                   .random = dropout_random_,
                   .product_type = is_training() ? precision_ : at::kFloat};
  const auto widened = [](const Tensor& h) {
    return h.scalar_type() == at::kBFloat16 ? h.to(at::kFloat) : h;
  };
  Tensor h = as_first_layer_takes_it(x, spec_);
  for (size_t i = 0; i < layers_.size(); ++i) {
    auto& layer = *layers_[i];
    pass.index = static_cast<uint32_t>(i);
    auto* norm = dynamic_cast<BatchNorm*>(&layer);
    auto* units = i + 1 < layers_.size()
                      ? dynamic_cast<Units*>(layers_[i + 1].get())
                      : nullptr;
    if (norm && units && is_training() && !observe) {
      // Units straight from what batch norm reads: the logits between them
      // need not be written down.
      h = units->forward(norm->normalize(h.contiguous()), pass);
      ++i;
      continue;
    }
    h = layer.forward(layer.takes_bfloat16() ? h : widened(h), pass);
    if (observe) observe(i, h);
  }
  return widened(h);
}

void Network::fit_mode_statistics(const std::vector<Tensor>& batches) {
  std::vector<BatchNorm*> norms;
  for (const auto& layer : layers_) {
    if (auto* norm = dynamic_cast<BatchNorm*>(layer.get()))
      norms.push_back(norm);
  }
  if (norms.empty() || !draws(spec_)) return;
  torch::NoGradGuard no_gradient;
  const bool was_training = is_training();
  eval();
  for (auto* norm : norms) norm->collect_mode_statistics(true);
  ModeSampler mode;
  for (const auto& batch : batches) forward(batch, mode);
  for (auto* norm : norms) norm->collect_mode_statistics(false);
  train(was_training);
}

std::vector<Tensor*> Network::handles() {
  std::vector<Tensor*> all;
  for (const auto& layer : layers_) {
    for (Tensor* tensor : layer->handles()) {
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

#include "signet/experiments/papers/experts.h"

#include <cmath>

#include "signet/core/torch.h"

namespace signet {
namespace {

constexpr int64_t kClasses = 10;

}  // namespace

Experts::Experts(int64_t inputs, int64_t experts, int64_t hidden,
                 const Random& random) {
  uint32_t index = 0;
  const auto uniform = [&](int64_t rows, int64_t columns, int64_t fan_in) {
    const auto u = random.site(RandomUse::initialization, index++)
                       .uniform({rows, columns});
    return ((2 * u - 1) * std::sqrt(3 / static_cast<double>(fan_in)))
        .requires_grad_(true);
  };
  const auto zeros = [](int64_t n) {
    return torch::zeros({n}).requires_grad_(true);
  };
  gate_weight_ = uniform(inputs, experts, inputs);
  gate_bias_ = zeros(experts);
  bias_ = zeros(kClasses);
  for (int64_t e = 0; e < experts; ++e)
    layers_.push_back({uniform(inputs, hidden, inputs), zeros(hidden),
                       uniform(hidden, kClasses, experts * hidden)});
}

Tensor Experts::gate_logits(const Tensor& x) const {
  return torch::addmm(gate_bias_, x, gate_weight_) / 2;
}

Experts::Pass Experts::forward(const Tensor& x, Sampler& sampler,
                               Work work) const {
  return with_gates(
      x, sampler.draw(gate_logits(x), {.encoding = Encoding::bits}), work);
}

Experts::Pass Experts::with_gates(const Tensor& x, const Tensor& gates,
                                  Work work) const {
  Pass pass{.classes = bias_.expand({x.size(0), kClasses}),
            .gates = gates,
            .multiply_adds = x.size(0) * gate_weight_.numel()};
  const auto columns = gates.unbind(1);
  for (size_t e = 0; e < layers_.size(); ++e) {
    const auto& [weight, bias, out] = layers_[e];
    auto gate = columns[e].unsqueeze(1);
    if (work == Work::all) {
      const auto hidden = torch::addmm(bias, x, weight).relu();
      pass.classes = torch::addmm(pass.classes, hidden * gate, out);
      pass.multiply_adds += x.size(0) * (weight.numel() + out.numel());
      continue;
    }
    const auto rows = columns[e].detach().nonzero().squeeze(1);
    if (rows.numel() == 0) continue;
    const auto hidden =
        torch::addmm(bias, x.index_select(0, rows), weight).relu();
    pass.classes = pass.classes.index_add(
        0, rows, (hidden * gate.index_select(0, rows)).mm(out));
    pass.multiply_adds += rows.numel() * (weight.numel() + out.numel());
  }
  return pass;
}

int64_t Experts::dense_multiply_adds() const {
  return size() * (layers_[0].weight.numel() + layers_[0].out.numel());
}

std::vector<Tensor> Experts::parameters() const {
  std::vector<Tensor> all{gate_weight_, gate_bias_, bias_};
  for (const auto& [weight, bias, out] : layers_)
    all.insert(all.end(), {weight, bias, out});
  return all;
}

void Experts::prepare_dense() {
  torch::NoGradGuard no_gradient;
  std::vector<Tensor> weights, biases, outs;
  for (const auto& [weight, bias, out] : layers_) {
    weights.push_back(weight);
    biases.push_back(bias);
    outs.push_back(out);
  }
  dense_ = {torch::cat(weights, 1), torch::cat(biases), torch::cat(outs)};
}

Tensor Experts::dense(const Tensor& x) const {
  return torch::addmm(bias_, torch::addmm(dense_.bias, x, dense_.weight).relu(),
                      dense_.out);
}

}  // namespace signet

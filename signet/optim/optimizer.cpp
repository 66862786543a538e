#include "signet/optim/optimizer.h"

#include "signet/core/checks.h"
#include "signet/core/torch.h"

namespace signet {

void Optimizer::add(std::string name, Tensor parameter, const BoundRule& rule) {
  entries_.push_back({std::move(name), std::move(parameter), rule, {}});
}

void Optimizer::step(double rate) {
  ++steps_;
  for (auto& e : entries_) {
    const auto gradient = e.parameter.grad();
    if (!gradient.defined()) continue;
    torch::NoGradGuard no_gradient;
    e.rule.record->step(
        {e.parameter, gradient, e.state, rate, steps_, e.rule.arguments});
  }
}

void Optimizer::zero_grad() {
  for (auto& e : entries_) e.parameter.mutable_grad() = Tensor();
}

std::map<std::string, Tensor> Optimizer::state() const {
  std::map<std::string, Tensor> all;
  for (const auto& e : entries_) {
    for (const auto& [name, tensor] : e.state)
      all[e.name + "." + name] = tensor;
  }
  return all;
}

void Optimizer::load_state(const std::map<std::string, Tensor>& state,
                           int64_t steps) {
  for (const auto& [full_name, tensor] : state) {
    const auto dot = full_name.rfind('.');
    const auto owner = full_name.substr(0, dot);
    const auto entry =
        std::find_if(entries_.begin(), entries_.end(),
                     [&](const Entry& e) { return e.name == owner; });
    check(dot != std::string::npos && entry != entries_.end(), "optimizer",
          "the state '" + full_name + "' belongs to no parameter");
    check(tensor.sizes() == entry->parameter.sizes(), "optimizer",
          "the state '" + full_name + "' must be " +
              shape_text(entry->parameter.sizes()) + ", but got " +
              shape_text(tensor.sizes()));
    entry->state[full_name.substr(dot + 1)] =
        tensor.to(entry->parameter.device()).clone();
  }
  steps_ = steps;
}

}  // namespace signet

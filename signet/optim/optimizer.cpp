#include "signet/optim/optimizer.h"

#include <algorithm>
#include <set>

#include "signet/core/checks.h"
#include "signet/core/step.h"
#include "signet/core/straight_through.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

using State = std::map<std::string, Tensor>;

/// What the rule remembers of a parameter: asked by a step of two zeros.
State example_of_memory(const BoundRule& rule, const Tensor& parameter) {
  torch::NoGradGuard no_gradient;
  Tensor zeros = torch::zeros({2}, parameter.options().requires_grad(false));
  const auto gradient = torch::zeros_like(zeros);
  State state;
  rule.record->step({zeros, gradient, state, 0.1, 1, rule.arguments});
  return state;
}

void check_memory(const std::string& name, const Tensor& tensor,
                  const Tensor& parameter, const Tensor& example,
                  const std::string& who) {
  check(tensor.sizes() == parameter.sizes(), who,
        "the state '" + name + "' must be " + shape_text(parameter.sizes()) +
            ", but got " + shape_text(tensor.sizes()));
  check(tensor.scalar_type() == example.scalar_type(), who,
        "the state '" + name + "' must be of type " +
            std::string(example.dtype().name()) + ", but got " +
            std::string(tensor.dtype().name()));
}

}  // namespace

void Optimizer::add(std::string name, Tensor parameter, const BoundRule& rule,
                    ParameterKind kind) {
  check(rule.record->real || kind == ParameterKind::latent, "optimizer",
        "'" + rule.record->name + "' steps binary weights only, but '" + name +
            "' is real");
  entries_.push_back({std::move(name), std::move(parameter), rule, kind, {}});
}

void Optimizer::start() {
  torch::NoGradGuard no_gradient;
  for (auto& e : entries_) {
    if (e.rule.record->start)
      e.rule.record->start(e.parameter, e.rule.arguments);
  }
}

int64_t Optimizer::passes() const {
  int64_t most = 1;
  for (const auto& e : entries_) most = std::max(most, e.rule.passes());
  return most;
}

std::function<Tensor(const Tensor&)> Optimizer::weights_of_pass(
    const Random& random) const {
  if (std::none_of(entries_.begin(), entries_.end(), [](const Entry& e) {
        return e.rule.record->weights != nullptr;
      })) {
    return {};
  }
  return [this, random](const Tensor& latent) {
    const auto entry = std::find_if(
        entries_.begin(), entries_.end(),
        [&](const Entry& e) { return e.parameter.is_same(latent); });
    check(entry != entries_.end(), "optimizer",
          "weights are made of latent ones that were added, but got others, " +
              shape_text(latent.sizes()));
    const auto& rule = entry->rule;
    if (rule.record->weights) {
      const auto index = static_cast<uint32_t>(entry - entries_.begin());
      const auto w = rule.record->weights(
          {latent, entry->state, random.site(RandomUse::weights, index),
           rule.arguments});
      if (w.defined()) return w;
    }
    return straight_through(latent, signet::step(latent, -1, 1),
                            torch::ones({}, latent.options()));
  };
}

void Optimizer::step(double rate) {
  torch::NoGradGuard no_gradient;
  ++steps_;
  ++counted_steps_;
  for (auto& e : entries_) {
    const auto gradient = e.parameter.grad();
    if (!gradient.defined()) continue;
    const int64_t flips = e.rule.record->step(
        {e.parameter, gradient, e.state, rate, steps_, e.rule.arguments});
    if (e.kind == ParameterKind::latent) flips_ += flips;
  }
}

double Optimizer::take_flip_ratio() {
  int64_t weights = 0;
  for (const auto& e : entries_) {
    if (e.kind == ParameterKind::latent) weights += e.parameter.numel();
  }
  const auto chances = static_cast<double>(weights * counted_steps_);
  const auto flips = static_cast<double>(flips_);
  flips_ = counted_steps_ = 0;
  return chances > 0 ? flips / chances : 0;
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

void Optimizer::load_state(const State& state, int64_t steps,
                           const std::string& who) {
  std::set<std::string> used;
  std::vector<State> loaded(entries_.size());
  for (size_t i = 0; i < entries_.size() && steps > 0; ++i) {
    const auto& e = entries_[i];
    for (const auto& [name, example] : example_of_memory(e.rule, e.parameter)) {
      const auto full_name = e.name + "." + name;
      const auto found = state.find(full_name);
      check(found != state.end(), who,
            "lacks the state '" + full_name + "' of the optimizer");
      check_memory(full_name, found->second, e.parameter, example, who);
      loaded[i][name] = found->second.to(e.parameter.device()).clone();
      used.insert(full_name);
    }
  }
  for (const auto& [full_name, tensor] : state) {
    check(used.count(full_name) > 0, who,
          "holds the state '" + full_name +
              "', which the optimizer of the recipe has not");
  }
  for (size_t i = 0; i < entries_.size(); ++i)
    entries_[i].state = std::move(loaded[i]);
  steps_ = steps;
}

}  // namespace signet

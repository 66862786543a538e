// The exact gradient of the expected loss by enumeration.
//
//   E L = sum over all joint states s of P(s) L(s)
//
// differentiated as it stands.

#include <algorithm>

#include "signet/core/checks.h"
#include "signet/core/estimator.h"
#include "signet/core/states.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// States in one run of the objective: bounds its memory.
constexpr int64_t kBlock = int64_t{1} << 12;

struct Enumeration : torch::CustomClassHolder {
  Enumeration(Objective objective, StateSpace space)
      : objective(std::move(objective)), space(std::move(space)) {}

  Tensor block(int64_t first) const {
    return partial_expectation(objective, space, first,
                               std::min(kBlock, states() - first));
  }
  int64_t states() const { return int64_t{1} << space.units(); }

  Objective objective;
  StateSpace space;
};

/// The sum over all blocks. Only one of their graphs is alive at a time: the
/// backward runs each block again, and its gradient goes to the leaves.
struct BlockSum : torch::autograd::Function<BlockSum> {
  static Tensor forward(torch::autograd::AutogradContext* context,
                        const Tensor& /*requires_grad*/,
                        const c10::intrusive_ptr<Enumeration>& all) {
    context->saved_data["all"] = at::IValue::make_capsule(all);
    auto sum = all->block(0);
    for (int64_t first = kBlock; first < all->states(); first += kBlock)
      sum += all->block(first);
    return sum;
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context,
      torch::autograd::variable_list grad) {
    torch::AutoGradMode with_gradient(true);
    const auto capsule = context->saved_data["all"].toCapsule();
    const auto& all = static_cast<const Enumeration&>(*capsule);
    for (int64_t first = 0; first < all.states(); first += kBlock) {
      const auto part = all.block(first);
      if (part.requires_grad()) part.backward(grad[0], /*retain_graph=*/true);
    }
    return {Tensor(), Tensor()};
  }
};

Estimate estimate(const Objective& objective, const RuleContext& context) {
  StateSpace space(objective);
  const int64_t limit = context.arguments.integer("units");
  check(space.units() <= limit, "exact",
        "the network must have at most " + std::to_string(limit) +
            " units in all, but it has " + std::to_string(space.units()) +
            "; raise exact(units=...) if 2^" + std::to_string(space.units()) +
            " evaluations are what you want, or try exact-layered");
  if (int64_t{1} << space.units() <= kBlock) {
    const auto sum =
        partial_expectation(objective, space, 0, int64_t{1} << space.units());
    return {sum.detach(), sum};
  }
  const auto sum = BlockSum::apply(
      torch::zeros({}, torch::TensorOptions().requires_grad(true)),
      c10::make_intrusive<Enumeration>(objective, std::move(space)));
  return {sum.detach(), sum};
}

const Registered<Estimator> entry{{
    .name = "exact",
    .summary = "the exact gradient, by enumeration of all states of all units",
    .help = R"(
`E L = sum_s P(s) L(s)` over the `2^n` joint states of the `n` units of all layers,
differentiated. The reference that every other estimator is tested against.
Cost: `2^n` evaluations, in blocks of 4096 on a leading axis, over which the
network must broadcast. With more states than one block each is evaluated twice,
so that memory stays that of one block, and gradients go to leaves only.
)",

    .traits = {.unbiased = true,
               .evaluations = {.per_state = 1},
               .differentiates_objective = false,
               .deterministic = true},
    .parameters = {{.name = "units",
                    .fallback = int64_t{16},
                    .help = "refuse networks with more units than this",
                    .min = 1,
                    .max = 22}},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

// The exact gradient for layered networks, by transfer matrices.
//
//   T_l[s, t] = P(x_l = t | x_{l-1} = s),   v_{l-1} = T_l v_l,   v_L = loss
//
// from the top layer down; differentiated as it stands.

#include "signet/core/checks.h"
#include "signet/core/estimator.h"
#include "signet/core/states.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// Largest transfer matrix, in elements: 1 GiB of double.
constexpr int64_t kLargest = int64_t{1} << 27;

/// P of all states of independent units. [..., n] -> [..., 2^n]
Tensor state_products(const Tensor& p) {
  auto products = torch::ones_like(p.narrow(-1, 0, 1));
  for (int64_t i = 0; i < p.size(-1); ++i) {
    const auto high = p.narrow(-1, i, 1);
    products = torch::cat({products * (1 - high), products * high}, -1);
  }
  return products;
}

/// F(a) of the units of a layer, [K, M, n]; K is 1 if the logits have no axis
/// of states, as those of a layer of the input alone.
Tensor probabilities(const PathLayer& layer, int64_t examples, int64_t units) {
  const auto p = layer.units.noise->cdf(layer.logits.to(torch::kDouble));
  return p.reshape({-1, examples, units});
}

bool is_shared(const Tensor& per_example) {
  const auto first = per_example.narrow(1, 0, 1);
  return (per_example == first).all().item<bool>();
}

/// What the run of all states of layer l says of the layer above it.
class Layered {
 public:
  explicit Layered(const Objective& objective)
      : objective_(objective), space_(objective) {}

  size_t layers() const { return space_.layers(); }
  int64_t units(size_t l) const { return space_.units(l); }
  int64_t examples() const { return c10::multiply_integers(space_.examples()); }
  at::IntArrayRef shape() const { return space_.examples(); }

  /// Layer l in all its states. Errors: UsageError if something above l
  /// depends on what is below it.
  Path run_states(size_t l) const {
    const auto low = run(l, false);
    torch::NoGradGuard no_gradient;
    const auto other = run(l, true);
    const auto& seen = [&](const Path& p) {
      return l + 1 < layers() ? p.layers[l + 1].logits : p.loss;
    };
    check((seen(low) == seen(other)).all().item<bool>(), "exact-layered",
          "what follows layer " + std::to_string(l + 1) +
              " must depend on that layer and the input alone; use exact");
    return low;
  }

 private:
  /// Below layer l all units are low, or each example has a state of its own
  /// in which some are not: what is even in them must not look the same.
  Path run(size_t l, bool mixed) const {
    std::vector<Tensor> given;
    for (size_t i = 0; i < l; ++i) {
      auto x = space_.layer_states(i, 0, 1)[0];
      if (mixed) {
        const auto high =
            space_.layer_states(i, (int64_t{1} << units(i)) - 1, 1)[0];
        const auto u =
            Random(0)
                .site(RandomUse::measurement, static_cast<uint32_t>(i))
                .uniform({examples(), units(i)});
        const auto is_high = (u > 0.5) | (u == std::get<0>(u.max(1, true)));
        x = torch::where(is_high.to(x.device()).view(x.sizes()), high, x);
      }
      given.push_back(x);
    }
    given.push_back(space_.layer_states(l, 0, int64_t{1} << units(l)));
    return run_path(objective_, Random(0), {.given = given});
  }

  const Objective& objective_;
  StateSpace space_;
};

Estimate estimate(const Objective& objective, const RuleContext& context) {
  const Layered net(objective);
  const int64_t examples = net.examples();
  const int64_t limit = context.arguments.integer("units");
  check(net.layers() > 0, "exact-layered", "the network must have units");
  for (size_t l = 0; l < net.layers(); ++l) {
    check(net.units(l) <= limit, "exact-layered",
          "a layer must have at most " + std::to_string(limit) +
              " units, but layer " + std::to_string(l + 1) + " has " +
              std::to_string(net.units(l)) +
              "; raise exact-layered(units=...) if you have the memory");
  }
  Tensor value;  // E[loss | state of the layer below, example], [2^n, M]
  for (size_t l = net.layers(); l-- > 0;) {
    const int64_t states = int64_t{1} << net.units(l);
    const auto path = net.run_states(l);
    if (!value.defined()) {
      value = path.loss.to(torch::kDouble).reshape({states, examples});
    } else {
      const auto n = net.units(l + 1);
      const auto p = probabilities(path.layers[l + 1], examples, n)
                         .expand({states, examples, n});
      if (is_shared(p)) {
        // Every example's logits are the same function: they share the work,
        // and each gets its part of the gradient.
        value = torch::matmul(state_products(p.mean(1)), value);
      } else {
        check(states * examples << n <= kLargest, "exact-layered",
              "the transfer matrix differs between examples and would take "
              "over 1 GiB; use fewer examples");
        value = (state_products(p) * value.t()).sum(2);
      }
    }
    if (l == 0) {
      const auto p = probabilities(path.layers[0], examples, net.units(0));
      value = (state_products(p[0]) * value.t()).sum(1);
    }
  }
  value = value.view(net.shape());
  return {value.detach(), value};
}

const Registered<Estimator> entry{{
    .name = "exact-layered",
    .summary = "the exact gradient of a layered network, by transfer matrices",
    .help = R"(
The same number as `exact` where every layer of units depends on the one below
it and the input alone: `v_{l-1} = T_l v_l` from the top down, with
`T_l[s, t] = P(x_l = t | x_{l-1} = s)`. Cost: the sum of `2^(n_{l-1} + n_l)`
over neighbouring layers instead of `2^n` over all units, so three layers of ten
units take seconds. A network that skips a layer is an error; `exact` takes it.
)",

    .traits = {.unbiased = true,
               .evaluations = {.per_layer_state = 2},
               .differentiates_objective = false,
               .deterministic = true},
    .parameters = {{.name = "units",
                    .fallback = int64_t{12},
                    .help = "refuse layers with more units than this",
                    .min = 1,
                    .max = 20}},
    .rule = ObjectiveRule{estimate},
}};

}  // namespace
}  // namespace signet

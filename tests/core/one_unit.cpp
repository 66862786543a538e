#include "tests/core/one_unit.h"

#include "signet/core/torch.h"
#include "tests/core/estimator_problem.h"

namespace signet {
namespace {

Tensor value(double x) { return torch::full({}, x, torch::kDouble); }

}  // namespace

double OneUnit::gradient() const {
  const auto at = [&](double x) { return loss(value(x)).item<double>(); };
  return units.noise->density(value(a)).item<double>() *
         (at(high(units.encoding)) - at(low(units.encoding)));
}

UnitGradients one_unit_gradients(const BoundEstimator& estimator,
                                 const OneUnit& unit, int64_t n,
                                 uint64_t seed) {
  const Problem problem{
      "one unit",
      {torch::full({1}, unit.a, torch::kDouble)},
      unit.units,
      [&](const auto& p, Sampler& sampler, const UnitOptions& units) {
        return unit.loss(sampler.draw(p[0], units).squeeze(-1));
      }};
  return {gradients(estimator, problem, n, seed).squeeze(1),
          Random(seed).site(0).uniform({n}, torch::kDouble)};
}

Tensor quadrature_weights(const Tensor& u) {
  const auto [sorted, order] = u.sort(-1);
  const auto last = sorted.size(-1);
  const auto end = torch::zeros_like(sorted.narrow(-1, 0, 1));
  const auto middles =
      (sorted.narrow(-1, 1, last - 1) + sorted.narrow(-1, 0, last - 1)) / 2;
  const auto edges = torch::cat({end, middles, end + 1}, -1);
  const auto shares = edges.narrow(-1, 1, last) - edges.narrow(-1, 0, last);
  return torch::empty_like(u).scatter_(-1, order, shares);
}

Moments one_unit_moments(const BoundEstimator& estimator, const OneUnit& unit) {
  const auto [g, u] = one_unit_gradients(estimator, unit, int64_t{1} << 20);
  const auto weights = quadrature_weights(u);
  const double mean = (g * weights).sum().item<double>();
  return {mean, ((g - mean).square() * weights).sum().item<double>()};
}

TwoPoint two_point(const BoundEstimator& estimator, const OneUnit& unit) {
  const double p = unit.units.noise->cdf(value(unit.a)).item<double>();
  // A state is missed with probability below e^-30.
  const auto n = 4096 + static_cast<int64_t>(30 / std::min(p, 1 - p));
  const auto g = one_unit_gradients(estimator, unit, n);
  const auto is_high = g.u < p;
  const auto of = [&](const Tensor& state) {
    const auto values = g.gradient.masked_select(state);
    TORCH_CHECK(values.numel() > 0 && values.allclose(values[0], 1e-12, 0),
                "the estimate must depend on the state of the unit alone");
    return values[0].item<double>();
  };
  return {of(is_high.logical_not()), of(is_high), p};
}

}  // namespace signet

#include "signet/experiments/papers/single_unit.h"

#include <cmath>

#include "signet/core/checks.h"
#include "signet/core/torch.h"
#include "signet/measure/gradients.h"

namespace signet {

double UnitLoss::at(double x) const {
  return value(torch::full({}, x, at::kDouble)).item<double>();
}

const std::vector<UnitLoss>& unit_losses() {
  static const std::vector<UnitLoss> losses = {
      {"3x + 1", [](const Tensor& x) { return 3 * x + 1; },
       [](double) { return 3.0; }},
      {"2x^2 - x", [](const Tensor& x) { return 2 * x * x - x; },
       [](double x) { return 4 * x - 1; }},
      {"x^3 + x/2", [](const Tensor& x) { return x * x * x + x / 2; },
       [](double x) { return 3 * x * x + 0.5; }},
      {"exp(1.3x)", [](const Tensor& x) { return torch::exp(1.3 * x); },
       [](double x) { return 1.3 * std::exp(1.3 * x); }},
      {"cos(3x) + x", [](const Tensor& x) { return torch::cos(3 * x) + x; },
       [](double x) { return 1 - 3 * std::sin(3 * x); }}};
  return losses;
}

const UnitLoss& linear_loss() { return unit_losses()[0]; }
const UnitLoss& quadratic_loss() { return unit_losses()[1]; }
const UnitLoss& cubic_loss() { return unit_losses()[2]; }
const UnitLoss& exponential_loss() { return unit_losses()[3]; }

double sigmoid(double t) { return 1 / (1 + std::exp(-t)); }

double logistic_density(double t) { return sigmoid(t) * sigmoid(-t); }

double unit_integral(const std::function<double(double v, double t)>& h,
                     double from, double to) {
  constexpr int kSteps = 8000;
  const double step = (to - from) / kSteps;
  double sum = 0;
  for (int i = 0; i <= kSteps; ++i) {
    const double t = from + i * step;
    const double weight = i == 0 || i == kSteps ? 1 : i % 2 ? 4 : 2;
    sum += weight * h(sigmoid(t), t) * logistic_density(t);
  }
  return sum * step / 3;
}

double large_factor_share(double eta, double t, double e) {
  if (4 * e * t > 1) return 0;
  const double d = 2 * t * std::atanh(std::sqrt(1 - 4 * e * t));
  return sigmoid(eta + d) - sigmoid(eta - d);
}

SingleUnit bit_at(double eta, const UnitLoss& loss) {
  return {.a = eta / 2, .loss = loss.value};
}

SingleUnit sign_at(double p, const Noise::Function& loss) {
  return {.a = std::log(p / (1 - p)) / 2, .units = {}, .loss = loss};
}

UnitDraws draw_gradients(const std::string& estimator, const SingleUnit& unit,
                         int64_t n, const Random& random) {
  const Problem problem{
      .name = "single unit",
      .groups = {{"logit", {torch::full({1}, unit.a, at::kDouble)}}},
      .loss = [&](const std::vector<Tensor>& p, Sampler& sampler) {
        return unit.loss(sampler.draw(p[0], unit.units).squeeze(-1));
      }};
  const auto samples =
      sample_gradients(BoundEstimator(estimator), problem, n, random);
  return {samples.gradients.squeeze(1),
          random.site(0).uniform({n}, at::kDouble)};
}

Tensor trapezoid_weights(const Tensor& u) {
  const auto [sorted, order] = u.sort();
  const auto n = u.size(0);
  const auto end = torch::zeros({1}, u.options());
  const auto middles =
      (sorted.narrow(0, 1, n - 1) + sorted.narrow(0, 0, n - 1)) / 2;
  const auto edges = torch::cat({end, middles, end + 1});
  const auto shares = edges.narrow(0, 1, n) - edges.narrow(0, 0, n);
  return torch::empty_like(u).scatter_(0, order, shares);
}

UnitMoments measured_moments(const std::string& estimator,
                             const SingleUnit& unit, int64_t n,
                             const Random& random) {
  const auto [gradient, u] = draw_gradients(estimator, unit, n, random);
  const auto weights = trapezoid_weights(u);
  const auto slope =
      unit.units.noise->density(torch::full({}, unit.a, at::kDouble));
  const auto in_p = gradient / slope;
  return {(in_p * weights).sum().item<double>(),
          (in_p.square() * weights).sum().item<double>()};
}

UnitMoments two_point_moments(const std::string& estimator,
                              const SingleUnit& unit) {
  const auto a = torch::full({}, unit.a, at::kDouble);
  const double p = unit.units.noise->cdf(a).item<double>();
  const double slope = unit.units.noise->density(a).item<double>();
  // A state is missed with probability below e^-30.
  const auto n = 4096 + static_cast<int64_t>(30 / std::min(p, 1 - p));
  const auto [gradient, u] = draw_gradients(estimator, unit, n, Random(1));
  const auto of = [&, &g = gradient](const Tensor& state) {
    const auto values = g.masked_select(state);
    check(values.numel() > 0 && values.allclose(values[0], 1e-12, 0), estimator,
          "the estimate must depend on the state of the unit alone");
    return values[0].item<double>() / slope;
  };
  const auto is_high = u < p;
  const double high = of(is_high), low = of(is_high.logical_not());
  return {p * high + (1 - p) * low, p * high * high + (1 - p) * low * low};
}

std::string at_temperature(const std::string& estimator, double temperature) {
  return estimator + "(temperature=" + number_text(temperature) + ")";
}

}  // namespace signet

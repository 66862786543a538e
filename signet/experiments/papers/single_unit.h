#pragma once

#include <functional>
#include <string>
#include <vector>

#include "signet/core/estimator.h"
#include "signet/measure/problem.h"

// One stochastic unit under a function of its value: what propositions on
// estimators speak of, as formulas, by quadrature and by the estimators
// themselves. Bits {0, 1} have log-odds eta = 2a, p = sigma(eta), and standard
// logistic noise; gradients are in p, which is that in a over 2p(1 - p).

namespace signet {

/// L with L' and its end points' difference by value.
struct UnitLoss {
  std::string name;
  Tensor (*value)(const Tensor& x);
  double (*derivative)(double x);

  double at(double x) const;
};

/// 3x + 1, 2x^2 - x, x^3 + x/2, exp(1.3x), cos(3x) + x, in this order.
const std::vector<UnitLoss>& unit_losses();
const UnitLoss& linear_loss();
const UnitLoss& quadratic_loss();
const UnitLoss& cubic_loss();
const UnitLoss& exponential_loss();

double sigmoid(double t);
/// Density of standard logistic noise: sigma(t) sigma(-t); at eta, p(1 - p).
double logistic_density(double t);

/// The integral over v = sigma(t) in (0, 1) of h(v, t), or of the part with t
/// between `from` and `to`, by Simpson's rule in t with 8000 steps.
double unit_integral(const std::function<double(double v, double t)>& h,
                     double from = -40, double to = 40);

/// Mean and mean square of an estimate.
struct UnitMoments {
  double mean = 0, square = 0;
  double variance() const { return square - mean * mean; }
};

/// P(sigma_t'(eta - z) >= e), where sigma_t'(u) is the derivative of
/// sigma(u / t) and z standard logistic:
///   sigma(eta + d) - sigma(eta - d), d = 2t atanh(sqrt(1 - 4et));
/// 0 where 4et > 1.
double large_factor_share(double eta, double t, double e);

/// A unit that is drawn by the rules of the library.
struct SingleUnit {
  double a = 0;
  UnitOptions units = {.encoding = Encoding::bits};
  Noise::Function loss;
};
SingleUnit bit_at(double eta, const UnitLoss& loss);
SingleUnit sign_at(double p, const Noise::Function& loss);

/// Independent estimates of the gradient in a, and the uniform number that drew
/// the unit of each. Both [n], double.
struct UnitDraws {
  Tensor gradient, u;
};
UnitDraws draw_gradients(const std::string& estimator, const SingleUnit& unit,
                         int64_t n, const Random& random);

/// The share of (0, 1) around each of these numbers [n]: sum(weights * h) is
/// the integral of h by the trapezoid rule, far closer than the mean of h.
Tensor trapezoid_weights(const Tensor& u);

/// The moments of an estimate of the gradient in p by n draws of the estimator
/// itself with those weights: its arithmetic without most of the noise.
UnitMoments measured_moments(const std::string& estimator,
                             const SingleUnit& unit, int64_t n,
                             const Random& random);

/// The moments, in p, of an estimate that depends on the state of the unit
/// alone: exact sums over its two states.
UnitMoments two_point_moments(const std::string& estimator,
                              const SingleUnit& unit);

/// "gumbel(temperature=0.1)"
std::string at_temperature(const std::string& estimator, double temperature);

}  // namespace signet

#include "signet/measure/bias_interval.h"

#include <algorithm>
#include <cmath>

#include "signet/measure/quantiles.h"

namespace signet {
namespace {

double square(double x) { return x * x; }

/// The law of T; quantiles are named by those of a standard normal variable.
struct Law {
  double noise, noise_squares, along;

  /// For a bias of that square.
  double quantile(double z, double bias) const {
    return chi_square_at(z, noise + bias, 2 * noise_squares + 4 * bias * along);
  }

  /// The square of the bias whose quantile is `seen`; 0 if there is none.
  double bias_at(double z, double seen) const {
    if (quantile(z, 0) >= seen) return 0;
    double low = 0, high = seen + noise;
    while (quantile(z, high) < seen) high *= 2;
    for (int i = 0; i < 60; ++i) {
      const double middle = (low + high) / 2;
      (quantile(z, middle) < seen ? low : high) = middle;
    }
    return high;
  }
};

Law with_hidden(const SquaredDistance& d, double hidden) {
  // What is hidden may be all in one direction.
  return {d.noise + hidden, square(std::sqrt(d.noise_squares) + hidden),
          d.along + hidden};
}

/// Both are valid, so the better one counts: rare states as a variance, or as
/// the shift of the mean that all of them together make when none is drawn.
template <class Choose, class Bound>
double better(const SquaredDistance& d, double level, const Choose& choose,
              const Bound& bound) {
  const double jumps = hidden_jumps(level);
  const double seen = jumps * square(d.jump);
  const double rare = std::min(jumps, d.rare_expected) * square(d.rare_jump);
  const double shift = d.rare_expected * d.rare_jump;
  return choose(bound(std::max(seen, rare), 0.0), bound(seen, shift));
}

const auto kLess = [](double a, double b) { return std::min(a, b); };
const auto kMore = [](double a, double b) { return std::max(a, b); };

}  // namespace

double hidden_jumps(double level) { return 1.5 * std::log(1 / level); }

double least_distance(
    const SquaredDistance& d, double level,
    const std::function<double(double hidden)>& distance_beyond) {
  return better(d, level, kMore, [&](double hidden, double shift) {
    return std::max(0.0, distance_beyond(hidden) - shift);
  });
}

double least_bias(const SquaredDistance& d, double level) {
  const double z = normal_quantile(1 - level);
  return least_distance(d, level, [&](double hidden) {
    return std::sqrt(with_hidden(d, hidden).bias_at(z, d.seen));
  });
}

double greatest_bias(const SquaredDistance& d, double level) {
  const double z = normal_quantile(level);
  return better(d, level, kLess, [&](double hidden, double shift) {
    // Hidden jumps need not be there: they widen T and do not raise its mean. A
    // mean that is nearer to the reference than noise allows is luck.
    auto law = with_hidden(d, hidden);
    law.noise = d.noise;
    return shift +
           std::sqrt(law.bias_at(z, std::max(d.seen, d.noise + hidden)));
  });
}

double detectable_bias(const SquaredDistance& d, double level, double power) {
  const double z = normal_quantile(1 - level);
  const double missed = normal_quantile(1 - power);
  return better(d, level, kLess, [&](double hidden, double shift) {
    const auto law = with_hidden(d, hidden);
    const double needed = std::sqrt(law.quantile(z, 0)) + shift;
    return std::sqrt(law.bias_at(missed, square(needed)));
  });
}

}  // namespace signet

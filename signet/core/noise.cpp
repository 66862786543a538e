#include "signet/core/noise.h"

#include <ATen/Functions.h>

#include <limits>
#include <numbers>

#include "signet/base/error.h"
#include "signet/base/names.h"

namespace signet {
namespace {

using at::Tensor;
using std::numbers::pi;

/// Joins the halves of a function that has a form for each sign of `z`, each
/// accurate where the other cancels.
Tensor by_sign(const Tensor& z, const Tensor& below, const Tensor& above) {
  return at::where(z < 0, below, above);
}

/// The smaller tail probability, of u or of 1 - u (which is exact).
Tensor tail(const Tensor& u) { return at::minimum(u, 1 - u); }

Noise make_logistic() {
  return {
      .name = "logistic",
      .summary = "F(z) = sigma(2z); proxy tanh(z)",
      .standard_deviation = pi / (2 * std::numbers::sqrt3),
      .cdf = [](const Tensor& z) { return at::sigmoid(2 * z); },
      .density =
          [](const Tensor& z) {
            return 2 * at::sigmoid(2 * z) * at::sigmoid(-2 * z);
          },
      .quantile = [](const Tensor& u) { return at::logit(u) / 2; },
      .log_cdf = [](const Tensor& z) { return at::log_sigmoid(2 * z); },
      .score = [](const Tensor& z) { return 2 * at::sigmoid(-2 * z); },
      .kernel = ThresholdKernel::logistic,
  };
}

Noise make_sigmoid() {
  return {
      .name = "sigmoid",
      .summary = "F(z) = sigma(z), logits are log-odds; proxy tanh(z/2)",
      .standard_deviation = pi / std::numbers::sqrt3,
      .cdf = [](const Tensor& z) { return at::sigmoid(z); },
      .density =
          [](const Tensor& z) { return at::sigmoid(z) * at::sigmoid(-z); },
      .quantile = [](const Tensor& u) { return at::logit(u); },
      .log_cdf = [](const Tensor& z) { return at::log_sigmoid(z); },
      .score = [](const Tensor& z) { return at::sigmoid(-z); },
      .kernel = ThresholdKernel::sigmoid,
  };
}

Noise make_uniform() {
  return {
      .name = "uniform",
      .summary = "on [-1, 1]; proxy hardtanh(z)",
      .standard_deviation = 1 / std::numbers::sqrt3,
      .cdf = [](const Tensor& z) { return ((z + 1) / 2).clamp(0, 1); },
      .density =
          [](const Tensor& z) { return (z.abs() <= 1).to(z.options()) / 2; },
      .quantile = [](const Tensor& u) { return 2 * u - 1; },
      .kernel = ThresholdKernel::uniform,
  };
}

Noise make_triangular() {
  return {
      .name = "triangular",
      .summary = "on [-2, 2]; proxy z - z|z|/4 (ApproxSign at z/2)",
      .standard_deviation = std::numbers::sqrt2 / std::numbers::sqrt3,
      .cdf =
          [](const Tensor& z) {
            const auto side = (2 - z.abs()).clamp_min(0);
            const auto t = side * side / 8;
            return by_sign(z, t, 1 - t);
          },
      .density = [](const Tensor& z) { return (2 - z.abs()).clamp_min(0) / 4; },
      .quantile =
          [](const Tensor& u) {
            const auto t = at::sqrt(8 * tail(u));
            return by_sign(u - 0.5, t - 2, 2 - t);
          },
      .kernel = ThresholdKernel::triangular,
  };
}

constexpr double kSqrtPi = 1.77245385090551602730;
constexpr double kGaussianDeviation = std::numbers::sqrt2 / kSqrtPi;

Noise make_gaussian() {
  return {
      .name = "gaussian",
      .summary = "standard deviation sqrt(2/pi); proxy erf(sqrt(pi) z / 2)",
      .standard_deviation = kGaussianDeviation,
      .cdf = [](const Tensor& z) { return at::erfc(z * (-kSqrtPi / 2)) / 2; },
      .density = [](const Tensor& z) { return at::exp(z * z * (-pi / 4)) / 2; },
      .quantile =
          [](const Tensor& u) {
            const auto t = at::special_ndtri(tail(u)) * kGaussianDeviation;
            return by_sign(u - 0.5, t, -t);
          },
      .log_cdf =
          [](const Tensor& z) {
            return at::special_log_ndtr(z / kGaussianDeviation);
          },
      // exp(-t^2) / erfc(-t) = 1 / erfcx(-t): no underflow in the lower tail.
      .score =
          [](const Tensor& z) {
            return 1 / at::special_erfcx(z * (-kSqrtPi / 2));
          },
  };
}

Noise make_laplace() {
  return {
      .name = "laplace",
      .summary = "density exp(-|z|)/2; proxy sign(z) (1 - exp(-|z|))",
      .standard_deviation = std::numbers::sqrt2,
      .cdf =
          [](const Tensor& z) {
            const auto t = at::exp(-z.abs()) / 2;
            return by_sign(z, t, 1 - t);
          },
      .density = [](const Tensor& z) { return at::exp(-z.abs()) / 2; },
      .quantile =
          [](const Tensor& u) {
            const auto t = at::log(2 * tail(u));
            return by_sign(u - 0.5, t, -t);
          },
      .log_cdf =
          [](const Tensor& z) {
            return by_sign(z, z - std::numbers::ln2,
                           at::log1p(at::exp(-z.abs()) / -2));
          },
      .score =
          [](const Tensor& z) {
            const auto t = at::exp(-z.abs()) / 2;
            return by_sign(z, at::ones_like(z), t / (1 - t));
          },
      .kernel = ThresholdKernel::laplace,
  };
}

Noise make_cauchy() {
  return {
      .name = "cauchy",
      .summary = "scale 2/pi; proxy (2/pi) atan(pi z / 2)",
      .standard_deviation = std::numeric_limits<double>::infinity(),
      // atan2(1, -x) = pi/2 + atan(x), without its cancellation for x << 0.
      .cdf =
          [](const Tensor& z) {
            return at::atan2(at::ones_like(z), z * (-pi / 2)) / pi;
          },
      .density =
          [](const Tensor& z) {
            const auto x = z * (pi / 2);
            return 0.5 / (1 + x * x);
          },
      .quantile =
          [](const Tensor& u) {
            const auto t = (2 / pi) / at::tan(tail(u) * pi);
            return by_sign(u - 0.5, -t, t);
          },
  };
}

}  // namespace

const std::vector<Noise>& noise_families() {
  static const std::vector<Noise> families{
      make_logistic(), make_uniform(), make_triangular(), make_gaussian(),
      make_laplace(),  make_cauchy(),  make_sigmoid()};
  return families;
}

const Noise& find_noise(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& family : noise_families()) {
    if (family.name == name) return family;
    names.push_back(family.name);
  }
  throw UsageError(unknown_name("noise", name, names));
}

const Noise& logistic_noise() { return noise_families()[0]; }
const Noise& uniform_noise() { return noise_families()[1]; }
const Noise& triangular_noise() { return noise_families()[2]; }
const Noise& gaussian_noise() { return noise_families()[3]; }
const Noise& laplace_noise() { return noise_families()[4]; }
const Noise& cauchy_noise() { return noise_families()[5]; }
const Noise& sigmoid_noise() { return noise_families()[6]; }

at::Tensor proxy(const Noise& noise, const at::Tensor& a) {
  return 2 * noise.cdf(a) - 1;
}

}  // namespace signet

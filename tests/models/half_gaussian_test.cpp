#include "signet/models/half_gaussian.h"

#include <gtest/gtest.h>

#include <cmath>

#include "signet/core/torch.h"
#include "signet/models/quantizer.h"

namespace signet {
namespace {

constexpr auto kBoth = {Rounding::ceil, Rounding::nearest};

/// n values with the law of |N(0, 1)|: its quantiles.
Tensor half_gaussian(int64_t n) {
  return at::special_ndtri(0.5 + (at::arange(n, at::kDouble) + 0.5) /
                                     static_cast<double>(2 * n));
}

TEST(HalfGaussian, ErrorIsTheMeanSquaredErrorOfTheQuantiser) {
  const auto z = half_gaussian(400000);
  for (auto rounding : kBoth) {
    for (int64_t bits : {1, 2, 3, 4, 8}) {
      for (double r : {0.01, 0.05, 0.4, 1.3}) {
        const auto q =
            quantize(z, {.bits = bits, .rounding = rounding, .scale = r});
        const double mean = (q - z).square().mean().item<double>();
        // The outermost quantiles miss 1e-5 of E z^2.
        EXPECT_NEAR(half_gaussian_error(r, bits, rounding), mean, 3e-5);
      }
    }
  }
}

TEST(HalfGaussian, ResolutionsAreThoseOfTheTable) {
  // A table made by another program; its errors are those of max(z, 0) for a
  // whole Gaussian, half of ours.
  const struct {
    int64_t bits;
    double nearest, nearest_error, ceil, ceil_error;
  } rows[] = {{1, 1.2240, 0.0951, 0.7979, 0.1817},
              {2, 0.6508, 0.0234, 0.4866, 0.0616},
              {3, 0.3534, 0.00644, 0.2893, 0.0194},
              {4, 0.1932, 0.00185, 0.1666, 0.0059},
              {8, 0.0165, 0.0000125, 0.0154, 0.000044}};
  for (const auto& row : rows) {
    const double n = half_gaussian_resolution(row.bits, Rounding::nearest);
    const double c = half_gaussian_resolution(row.bits, Rounding::ceil);
    EXPECT_NEAR(n, row.nearest, 5.1e-5);
    EXPECT_NEAR(c, row.ceil, 5.1e-5);
    EXPECT_NEAR(half_gaussian_error(n, row.bits, Rounding::nearest) / 2,
                row.nearest_error, 5e-5);
    EXPECT_NEAR(half_gaussian_error(c, row.bits, Rounding::ceil) / 2,
                row.ceil_error, 5e-5);
  }
  // One bit: ceil's single level is the mean of |N(0, 1)|.
  EXPECT_NEAR(half_gaussian_resolution(1, Rounding::ceil), std::sqrt(2 / M_PI),
              1e-12);
}

TEST(HalfGaussian, ResolutionIsTheArgminOfAFineGrid) {
  for (auto rounding : kBoth) {
    for (int64_t bits = 1; bits <= 8; ++bits) {
      const double r = half_gaussian_resolution(bits, rounding);
      const double error = half_gaussian_error(r, bits, rounding);
      for (double factor = 0.01; factor < 100; factor *= 1.003) {
        EXPECT_GT(half_gaussian_error(factor * r, bits, rounding),
                  error - 1e-14)
            << bits << " bits, factor " << factor;
      }
      EXPECT_GT(half_gaussian_error(1.001 * r, bits, rounding), error);
      EXPECT_GT(half_gaussian_error(0.999 * r, bits, rounding), error);
    }
  }
}

TEST(HalfGaussian, ExactGradientLearnsTheResolution) {
  const auto z = half_gaussian(20000);
  const QuantizerOptions options{
      .bits = 3, .rounding = Rounding::nearest, .learn = ScaleGradient::exact};
  auto r = torch::full({1}, 0.6, torch::kDouble).requires_grad_();
  for (int step = 0; step < 200; ++step) {
    (quantize(z, r, options) - z).square().mean().backward();
    r = (r - 0.05 * r.grad()).detach().requires_grad_();
  }
  EXPECT_NEAR(r.item<double>(), half_gaussian_resolution(3, Rounding::nearest),
              1e-3);
}

}  // namespace
}  // namespace signet

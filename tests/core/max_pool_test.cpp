#include "signet/core/max_pool.h"

#include <gtest/gtest.h>

#include <cmath>

#include "signet/base/error.h"
#include "signet/core/kernels/level.h"
#include "signet/core/random.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

using at::Tensor;

/// Few different values, so that windows have ties, and zeros of both signs.
Tensor some(at::IntArrayRef shape, uint32_t site) {
  const auto u = RandomStream{.seed = 5, .site = site}.uniform(shape);
  return (u * 7).floor() - 3;
}

Tensor by_aten(const Tensor& x, int64_t size, int64_t stride) {
  return at::max_pool2d(x.permute({0, 3, 1, 2}).contiguous(), size, stride)
      .permute({0, 2, 3, 1});
}

void expect_same(const Tensor& values, int64_t size, int64_t stride) {
  const auto x = values.clone().requires_grad_();
  const auto plain = values.clone().to(at::kFloat).requires_grad_();
  const auto y = max_pool(x, size, stride);
  const auto expected = by_aten(plain, size, stride);
  ASSERT_EQ(y.sizes(), expected.sizes());
  EXPECT_TRUE(y.is_contiguous());
  EXPECT_EQ(y.scalar_type(), x.scalar_type());
  const auto label = [&] {
    return std::string(c10::toString(x.scalar_type())) + ' ' +
           std::to_string(x.size(3));
  };
  EXPECT_TRUE(at::allclose(y.to(at::kFloat), expected, 0, 0, true)) << label();
  const auto g = some(y.sizes(), 9);
  y.backward(g.to(y.scalar_type()));
  expected.backward(g);
  EXPECT_TRUE(x.grad().to(at::kFloat).equal(plain.grad())) << label();
}

TEST(MaxPool, IsATens) {
  for (const auto type : {at::kFloat, at::kBFloat16, at::kDouble}) {
    for (int64_t channels : {1, 3, 8, 16, 20, 64, 65}) {
      expect_same(some({2, 6, 8, channels}, 1).to(type), 2, 2);
      expect_same(some({3, 5, 7, channels}, 2).to(type), 2, 2);
      expect_same(some({2, 2, 3, channels}, 3).to(type), 2, 2);
    }
    // Windows that overlap add gradients, whose rounding in bfloat16 differs.
    if (type == at::kBFloat16) continue;
    expect_same(some({2, 7, 8, 5}, 4).to(type), 3, 2);
    expect_same(some({2, 7, 8, 5}, 5).to(type), 3, 3);
  }
  const auto strided = some({2, 3, 6, 8}, 6).permute({0, 2, 3, 1});
  EXPECT_TRUE(max_pool(strided, 2, 2).equal(by_aten(strided, 2, 2)));
}

TEST(MaxPool, NaNIsTheGreatest) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    auto x = some({4, 4, 4, 33}, 7);
    x.masked_fill_(some({4, 4, 4, 33}, 8) > 1, std::nanf(""));
    expect_same(x.to(type), 2, 2);
  }
}

TEST(MaxPool, RefusesOtherShapes) {
  EXPECT_THROW(max_pool(at::zeros({2, 2, 2}), 2, 2), UsageError);
  EXPECT_THROW(max_pool(at::zeros({1, 1, 4, 3}), 2, 2), UsageError);
  EXPECT_THROW(max_pool(at::zeros({1, 4, 4, 3}), 0, 2), UsageError);
}

template <class Number>
void expect_equal_levels(int64_t pixels, int64_t channels) {
  const auto type = sizeof(Number) == 4 ? at::kFloat : at::kBFloat16;
  const auto x = some({2, 2 * pixels * channels}, 10).to(type);
  const auto g = some({pixels * channels}, 11).to(type);
  const auto numbers = [](const Tensor& t) {
    return static_cast<Number*>(t.data_ptr());
  };
  const auto run = [&](const kernels::Level& level) {
    const int64_t n = pixels * channels;
    auto y = at::full({n + 1}, 7, type), dx = at::full({4 * n + 1}, 7, type);
    const auto& kernels = level.channels<Number>();
    kernels.max_pool(pixels, channels, numbers(x[0]), numbers(x[1]),
                     numbers(y));
    kernels.max_pool_gradient(pixels, channels, numbers(x[0]), numbers(x[1]),
                              numbers(g), numbers(dx), numbers(dx) + 2 * n);
    return at::cat({y, dx}).to(at::kFloat);
  };
  const auto expected = run(*kernels::levels().back());
  for (const auto* level : kernels::levels()) {
    EXPECT_TRUE(run(*level).equal(expected)) << level->name << ' ' << channels;
  }
}

TEST(MaxPool, EveryLevelGivesTheSameAndStaysInside) {
  for (int64_t channels : {1, 3, 7, 8, 9, 15, 16, 17, 40}) {
    for (int64_t pixels : {1, 2, 5}) {
      expect_equal_levels<float>(pixels, channels);
      expect_equal_levels<kernels::Bfloat16>(pixels, channels);
    }
  }
}

}  // namespace
}  // namespace signet

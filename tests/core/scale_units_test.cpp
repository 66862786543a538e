#include "signet/core/scale_units.h"

#include <gtest/gtest.h>

#include "signet/base/error.h"
#include "signet/core/kernels/level.h"
#include "signet/core/random.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

using at::Tensor;

Tensor numbers(at::IntArrayRef shape, uint32_t site) {
  return RandomStream{.seed = 5, .site = site}.uniform(shape) - 0.5;
}

TEST(ScaleUnits, IsTheBroadcastProduct) {
  for (int64_t n : {1, 2, 5, 7, 8, 9, 16, 30}) {
    for (int64_t rows : {1, 2, 3, 100}) {
      const auto x = numbers({2, rows, n}, 1), a = numbers({2, rows}, 2);
      EXPECT_TRUE(at::equal(scale_units(x, a), x * a.unsqueeze(-1)))
          << n << ' ' << rows;
    }
  }
  const auto x = numbers({6, 2, 3}, 1), a = numbers({6}, 2);
  EXPECT_TRUE(at::equal(scale_units(x, a), x * a.view({6, 1, 1})));
  EXPECT_TRUE(at::equal(scale_units(a, a), a * a));
  const auto strided = x.permute({2, 1, 0});
  EXPECT_TRUE(at::equal(scale_units(strided, numbers({1}, 3).expand({3})),
                        strided * numbers({1}, 3)));
  EXPECT_EQ(scale_units(at::zeros({0, 3}), at::zeros({0})).numel(), 0);
  EXPECT_THROW(scale_units(x, numbers({5}, 2)), UsageError);
  EXPECT_THROW(scale_units(a, x), UsageError);
}

TEST(ScaleUnits, HasADerivative) {
  const auto x = numbers({4, 3}, 1).requires_grad_();
  const auto a = numbers({4}, 2).requires_grad_();
  scale_units(x, a).sum().backward();
  EXPECT_TRUE(at::allclose(x.grad(), a.detach().unsqueeze(1).expand({4, 3})));
  EXPECT_TRUE(at::allclose(a.grad(), x.detach().sum(1)));
}

TEST(ScaleUnits, EveryLevelGivesTheSameBitsAndStaysInside) {
  for (const auto* level : kernels::levels()) {
    for (int64_t columns : {1, 3, 5, 8, 13}) {
      for (int64_t rows : {1, 2, 9, 40}) {
        const auto x = numbers({rows, columns}, 1), a = numbers({rows}, 2);
        auto y = at::full({rows * columns + 8}, 7.f);
        level->scale(rows, columns, a.data_ptr<float>(), x.data_ptr<float>(),
                     y.data_ptr<float>());
        EXPECT_TRUE(at::equal(y.slice(0, 0, rows * columns),
                              (x * a.unsqueeze(1)).flatten()));
        EXPECT_TRUE((y.slice(0, rows * columns) == 7).all().item<bool>());
      }
    }
  }
}

}  // namespace
}  // namespace signet

#include "signet/experiments/augmentation.h"

#include <gtest/gtest.h>

#include "signet/core/torch.h"

namespace signet {
namespace {

const Shape kShape = Shape::map(2, 5, 7);

/// Images without a pixel of 0, so that the padding shows.
Tensor some_images(int64_t n) {
  return torch::randint(1, 256, {n, kShape.values()},
                        at::TensorOptions(torch::kUInt8));
}

Tensor as_maps(const Tensor& images) { return images.view({-1, 2, 5, 7}); }

TEST(Augmentation, WithoutAnyItSelects) {
  torch::manual_seed(1);
  const auto images = some_images(4);
  const auto index = torch::tensor({3, 0, 3});
  EXPECT_TRUE(augmented(images, index, kShape, {}, Random(1))
                  .equal(images.index_select(0, index)));
}

TEST(Augmentation, FlipsRowsAndTwiceIsTheIdentity) {
  torch::manual_seed(2);
  const auto images = some_images(3);
  const auto all = torch::arange(3);
  const auto once = augmented(images, all, kShape, {.flip = 1}, Random(1));
  EXPECT_TRUE(as_maps(once).equal(as_maps(images).flip({3})));
  EXPECT_TRUE(augmented(once, all, kShape, {.flip = 1}, Random(1).at_step(9))
                  .equal(images));
}

// Every image is one of the windows of its padded self, flipped or not; each
// window is as likely as any other. 20,000 images, 2 x 25 windows: chi^2 with
// 49 degrees of freedom exceeds 120 with probability 3e-8.
TEST(Augmentation, CutsEveryWindowEquallyOften) {
  torch::manual_seed(3);
  constexpr int64_t kImages = 20000, kCrop = 2;
  const auto image = some_images(1);
  const auto result =
      augmented(image, torch::zeros({kImages}, torch::kInt64), kShape,
                {.flip = 0.5, .crop = kCrop}, Random(7));
  const auto padded =
      torch::constant_pad_nd(as_maps(image), {kCrop, kCrop, kCrop, kCrop}, 0);
  auto found = torch::zeros({kImages}, torch::kInt64);
  double chi_square = 0;
  for (int64_t dy = 0; dy < 5; ++dy) {
    for (int64_t dx = 0; dx < 5; ++dx) {
      auto window = padded.narrow(2, dy, 5).narrow(3, dx, 7);
      for (int64_t flip = 0; flip < 2; ++flip) {
        const auto same = as_maps(result).eq(window).flatten(1).all(1);
        found += same;
        const double expected = kImages / 50.0;
        const double excess = same.sum().item<double>() - expected;
        chi_square += excess * excess / expected;
        window = window.flip({3});
      }
    }
  }
  EXPECT_TRUE(found.eq(1).all().item<bool>());
  EXPECT_LT(chi_square, 120);
}

TEST(Augmentation, StepsDifferAndTheSameStepIsTheSame) {
  torch::manual_seed(4);
  const auto images = some_images(50);
  const auto all = torch::arange(50);
  const Augmentation both{.flip = 0.5, .crop = 3};
  const auto at = [&](uint32_t step) {
    return augmented(images, all, kShape, both, Random(1).at_step(step));
  };
  EXPECT_TRUE(at(1).equal(at(1)));
  EXPECT_FALSE(at(1).equal(at(2)));
}

}  // namespace
}  // namespace signet

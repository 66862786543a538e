#include "signet/experiments/papers/share.h"

#include <gtest/gtest.h>

#include <cmath>

#include "signet/base/error.h"

namespace signet {
namespace {

TEST(ShareOf, HasPublishedIntervals) {
  // Binomial tables: 5 of 10, and 1 of 20, at 95 %.
  const auto half = share_of(5, 10);
  EXPECT_DOUBLE_EQ(half.value, 0.5);
  EXPECT_NEAR(half.low, 0.187086, 1e-6);
  EXPECT_NEAR(half.high, 0.812914, 1e-6);
  const auto rare = share_of(1, 20);
  EXPECT_NEAR(rare.low, 0.001265, 1e-6);
  EXPECT_NEAR(rare.high, 0.248733, 1e-6);
  EXPECT_EQ(rare.n, 20);
}

TEST(ShareOf, HasAWidthAtBothEnds) {
  // The free end solves p^n = 0.025.
  const auto all = share_of(50, 50), none = share_of(0, 50);
  EXPECT_NEAR(all.low, std::pow(0.025, 1.0 / 50), 1e-9);
  EXPECT_EQ(all.high, 1);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 1 - std::pow(0.025, 1.0 / 50), 1e-9);
}

TEST(ShareOf, WantsTrials) {
  EXPECT_THROW(share_of(0, 0), UsageError);
  EXPECT_THROW(share_of(3, 2), UsageError);
}

}  // namespace
}  // namespace signet

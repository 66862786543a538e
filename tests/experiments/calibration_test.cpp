#include "signet/experiments/calibration.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

TEST(Calibration, NothingAndPerfectConfidence) {
  Calibration c;
  EXPECT_EQ(c.error(), 0);
  c.add(1, true);
  c.add(1, true);
  EXPECT_EQ(c.error(), 0);
  c.add(1, false);
  EXPECT_DOUBLE_EQ(c.error(), 1.0 / 3);
}

// Bin 12 is (11/15, 12/15]: 0.75 twice, one right, so |1 - 1.5|; bin 9 is
// (8/15, 9/15]: 0.6 wrong, so |0 - 0.6|. Sum over 3.
TEST(Calibration, AddsUpTheBins) {
  Calibration c;
  c.add(0.75, true);
  c.add(0.75, false);
  c.add(0.6, false);
  EXPECT_NEAR(c.error(), (0.5 + 0.6) / 3, 1e-15);
}

// Errors of opposite sign cancel within a bin, not between bins.
TEST(Calibration, BinsAreClosedAbove) {
  Calibration one;
  one.add(0.51, true);
  one.add(0.53, false);
  EXPECT_NEAR(one.error(), 0.04 / 2, 1e-15);
  // 0.6 = 9/15 belongs to bin 9, 0.61 to bin 10.
  Calibration two;
  two.add(0.6, true);
  two.add(0.61, false);
  EXPECT_NEAR(two.error(), (0.4 + 0.61) / 2, 1e-15);
}

}  // namespace
}  // namespace signet

#include "signet/experiments/figure_over_runs.h"

#include <gtest/gtest.h>

#include <cmath>

namespace signet {
namespace {

TEST(FigureOverRuns, MeanAndItsStandardError) {
  // Deviations -3, -1, 4: the squares sum to 26, and 26 / 2 / 3 = 13 / 3.
  const FigureOverRuns figure{{2, 4, 9}};
  EXPECT_DOUBLE_EQ(figure.mean(), 5);
  EXPECT_DOUBLE_EQ(figure.standard_error(), std::sqrt(13.0 / 3));
}

// The naive sum of squares minus square of the sum would lose all digits.
TEST(FigureOverRuns, SmallSpreadAroundALargeMean) {
  const FigureOverRuns figure{{1e9 + 1, 1e9 + 2, 1e9 + 3}};
  EXPECT_DOUBLE_EQ(figure.standard_error(), std::sqrt(1.0 / 3));
}

TEST(FigureOverRuns, OneRunHasNoStandardError) {
  const FigureOverRuns figure{{89.37}};
  EXPECT_EQ(figure.mean(), 89.37);
  EXPECT_EQ(figure.standard_error(), 0);
}

}  // namespace
}  // namespace signet

#include "signet/data/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "tests/data/error_of.h"

namespace signet {
namespace {

// The same numbers come from ten lines of Python: splitmix64 seeded with the
// seed, draws of at least 2^64 - 2^64 % bound rejected, swaps i <-> i + draw.
TEST(Split, SameOnEveryMachine) {
  EXPECT_EQ(split_indices(20, 6, 0).validation,
            (std::vector<int64_t>{0, 2, 3, 5, 15, 17}));
  EXPECT_EQ(split_indices(60'000, 5, 42).validation,
            (std::vector<int64_t>{11578, 24086, 24200, 35413, 37518}));
}

TEST(Split, IsAPartition) {
  for (const int64_t validation : {0, 1, 99, 100}) {
    const Split split = split_indices(100, validation, 7);
    EXPECT_EQ(static_cast<int64_t>(split.validation.size()), validation);
    EXPECT_TRUE(std::is_sorted(split.train.begin(), split.train.end()));
    EXPECT_TRUE(
        std::is_sorted(split.validation.begin(), split.validation.end()));
    std::vector<int64_t> all = split.train;
    all.insert(all.end(), split.validation.begin(), split.validation.end());
    std::sort(all.begin(), all.end());
    std::vector<int64_t> expected(100);
    std::iota(expected.begin(), expected.end(), int64_t{0});
    EXPECT_EQ(all, expected);
  }
  EXPECT_TRUE(split_indices(0, 0, 1).train.empty());
}

// 20,000 seeds over the C(5, 2) = 10 subsets: each count within 6 standard
// deviations of 2,000 (false alarm below 1e-7).
TEST(Split, EverySubsetIsEquallyLikely) {
  std::map<std::vector<int64_t>, int> count;
  for (uint64_t seed = 0; seed < 20'000; ++seed) {
    ++count[split_indices(5, 2, seed).validation];
  }
  EXPECT_EQ(count.size(), 10u);
  for (const auto& [subset, n] : count) {
    EXPECT_NEAR(n, 2'000, 6 * std::sqrt(20'000 * 0.1 * 0.9));
  }
}

TEST(Split, RejectsTooManyForValidation) {
  EXPECT_EQ(error_of([] { split_indices(10, 11, 0); }),
            "split_indices: validation must be 0 to 10 examples, but got 11");
  EXPECT_PRED2(contains, error_of([] { split_indices(10, -1, 0); }), "got -1");
}

}  // namespace
}  // namespace signet

#include "signet/core/random.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <vector>

#include "signet/base/error.h"
#include "signet/core/kernels/level.h"
#include "signet/core/philox.h"

namespace signet {
namespace {

const RandomStream kStream{
    .seed = 0x0123456789ABCDEF, .step = 5, .replica = 7, .site = 11};

uint32_t word(const RandomStream& s, int64_t e) {
  const auto block = static_cast<uint32_t>(e / 64 * 16 + e % 16);
  return philox4x32({block, s.site, s.step, s.replica},
                    {static_cast<uint32_t>(s.seed),
                     static_cast<uint32_t>(s.seed >> 32)})[e % 64 / 16];
}

TEST(Random, UniformIsTheDocumentedFunctionOfItsAddress) {
  const auto u = kStream.uniform({1000});
  for (int64_t e = 0; e < 1000; ++e) {
    EXPECT_EQ(u[e].item<float>(),
              (2 * (word(kStream, e) >> 9) + 1) / std::exp2(24));
  }
}

TEST(Random, EveryLevelGivesTheSameBits) {
  const kernels::Address address{kStream.seed, kStream.site, kStream.step,
                                 kStream.replica};
  for (const auto* level : kernels::levels()) {
    for (int64_t n : {0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 4099}) {
      // The last group's blocks are just below 2^32.
      for (int64_t group : {int64_t{0}, int64_t{12345},
                            RandomStream::kMaxElements / 64 - n / 64 - 1}) {
        constexpr uint32_t kGuard = 0xDEADBEEF;
        std::vector<uint32_t> words(n + 1, kGuard);
        std::vector<float> uniform(n + 1, -1);
        level->words(address, group, n, words.data());
        level->uniform(address, group, n, uniform.data());
        for (int64_t i = 0; i < n; ++i) {
          const uint32_t w = word(kStream, group * 64 + i);
          ASSERT_EQ(words[i], w) << level->name << ' ' << n << ' ' << i;
          ASSERT_EQ(uniform[i], std::ldexp(2.0 * (w >> 9) + 1, -24));
        }
        EXPECT_EQ(words[n], kGuard) << level->name;
        EXPECT_EQ(uniform[n], -1) << level->name;
      }
    }
  }
}

TEST(Random, NumberOfThreadsDoesNotMatter) {
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = kStream.uniform({1'000'003});
  for (int n : {2, 3, 4}) {
    at::set_num_threads(n);
    EXPECT_TRUE(at::equal(kStream.uniform({1'000'003}), one)) << n;
  }
  at::set_num_threads(threads);
}

TEST(Random, UniformIsInsideTheUnitIntervalAndItsMirrorIsExact) {
  // The extreme words 0 and 2^32 - 1 give these.
  const float least = 0x1p-24f, most = 1 - 0x1p-24f;
  const auto u = kStream.uniform({1 << 20});
  EXPECT_GE(u.min().item<float>(), least);
  EXPECT_LE(u.max().item<float>(), most);
  EXPECT_TRUE(at::equal((1 - u).to(at::kDouble), 1 - u.to(at::kDouble)));
}

TEST(Random, DoubleIsTheSameNumbers) {
  const auto d = kStream.uniform({3, 100}, at::TensorOptions(at::kDouble));
  EXPECT_EQ(d.scalar_type(), at::kDouble);
  EXPECT_TRUE(at::equal(d, kStream.uniform({3, 100}).to(at::kDouble)));
}

TEST(Random, ShapeOnlyArranges) {
  const auto flat = kStream.uniform({24});
  EXPECT_TRUE(at::equal(kStream.uniform({2, 3, 4}).flatten(), flat));
  EXPECT_TRUE(at::equal(kStream.uniform({10}), flat.slice(0, 0, 10)));
  EXPECT_EQ(kStream.uniform({0, 3}).numel(), 0);
}

// Mean and variance of N uniforms: 6 standard errors, false alarm 2e-9 each.
TEST(Random, MomentsAreThoseOfUniform) {
  const int64_t n = 1 << 22;
  const auto u = kStream.uniform({n}, at::TensorOptions(at::kDouble));
  EXPECT_NEAR(u.mean().item<double>(), 0.5, 6 / std::sqrt(12.0 * n));
  EXPECT_NEAR((u - 0.5).square().mean().item<double>(), 1 / 12.0,
              6 / std::sqrt(180.0 * n));
}

// Correlation of streams that differ in one coordinate: 6 standard errors.
TEST(Random, EveryCoordinateOfTheAddressGivesAnotherStream) {
  const int64_t n = 1 << 16;
  const auto u = kStream.uniform({n}) - 0.5;
  std::vector<RandomStream> others(5, kStream);
  others[0].seed += 1;
  others[1].seed += uint64_t{1} << 32;
  others[2].step += 1;
  others[3].replica += 1;
  others[4].site += 1;
  for (const auto& other : others) {
    const auto product = u * (other.uniform({n}) - 0.5);
    EXPECT_NEAR(product.mean().item<double>(), 0,
                6 / (12 * std::sqrt(double(n))));
  }
}

TEST(Random, BranchesAreSourcesOfTheirOwn) {
  const Random random = Random(7).at_step(3).replica(2);
  std::vector<at::Tensor> all{random.site(0).uniform({256})};
  for (uint64_t k = 0; k < 4; ++k) {
    all.push_back(random.branch(k).site(0).uniform({256}));
    all.push_back(random.branch(k).branch(k).site(0).uniform({256}));
    EXPECT_EQ(random.branch(k).site(5).step, 3u);
    EXPECT_EQ(random.branch(k).site(5).replica, 2u);
  }
  all.push_back(
      Random(8).at_step(3).replica(2).branch(0).site(0).uniform({256}));
  for (size_t i = 0; i < all.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      EXPECT_LT((all[i] == all[j]).sum().item<int64_t>(), 3) << i << " " << j;
}

TEST(Random, SitesOfUnitsAndOfOtherUsesAreApart) {
  const Random random(3);
  const auto at = random.at_step(4).replica(2);
  EXPECT_EQ(random.seed(), 3u);
  EXPECT_EQ(at.site(9).site, 9u);
  EXPECT_EQ(at.site(9).step, 4u);
  EXPECT_EQ(at.site(9).replica, 2u);
  EXPECT_EQ(random.site(9).step, 0u) << "at_step must not change its object";
  EXPECT_EQ(at.site(RandomUse::shuffle, 6).site, (1u << 31) + 6);
  EXPECT_EQ(at.site(RandomUse::user).site,
            (1u << 31) + (static_cast<uint32_t>(RandomUse::user) << 24));
  EXPECT_THROW(random.site(1u << 31), UsageError);
  EXPECT_THROW(random.site(RandomUse::dropout, 1u << 24), UsageError);
}

TEST(Random, UniformRefusesTypesThatWouldRoundToOne) {
  EXPECT_THROW(kStream.uniform({2}, at::TensorOptions(at::kBFloat16)),
               UsageError);
  EXPECT_THROW(kStream.uniform({2}, at::TensorOptions(at::kLong)), UsageError);
}

TEST(Random, PermutationHasEveryNumberOnce) {
  for (int64_t n : {0, 1, 2, 1000}) {
    const auto p = kStream.permutation(n);
    EXPECT_EQ(p.scalar_type(), at::kLong);
    EXPECT_TRUE(at::equal(std::get<0>(p.sort()), at::arange(n)));
  }
  EXPECT_TRUE(at::equal(kStream.permutation(50), kStream.permutation(50)));
  EXPECT_THROW(kStream.permutation(-1), UsageError);
}

// Chi-square with 23 degrees of freedom: P(X > 97) = 5e-11.
TEST(Random, PermutationsAreEquallyLikely) {
  std::map<std::array<int64_t, 4>, int> counts;
  const int trials = 24'000;
  for (int i = 0; i < trials; ++i) {
    const auto p = Random(i).site(RandomUse::shuffle).permutation(4);
    std::array<int64_t, 4> key;
    std::copy_n(p.data_ptr<int64_t>(), 4, key.begin());
    ++counts[key];
  }
  ASSERT_EQ(counts.size(), 24u);
  double chi_square = 0;
  for (const auto& [key, count] : counts) {
    chi_square += (count - 1000.0) * (count - 1000.0) / 1000;
  }
  EXPECT_LT(chi_square, 97);
}

TEST(Random, LevelsAreCappedByName) {
  const auto levels = kernels::levels();
  EXPECT_STREQ(levels.back()->name, "scalar");
  for (const auto* level : levels) {
    EXPECT_STREQ(kernels::level_for(level->name).name, level->name);
  }
  EXPECT_EQ(&kernels::level_for(""), levels.front());
  EXPECT_EQ(&kernels::level_for("avx512vpopcnt"), levels.front());
  EXPECT_EQ(&kernels::level_for("amx"), levels.front());
}

TEST(RandomDeathTest, EnvironmentVariableCapsTheLevel) {
  // "threadsafe" runs the statement in a fresh process.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (const auto* level : kernels::levels()) {
    EXPECT_EXIT(
        {
          setenv("SIGNET_FORCE_ISA", level->name, 1);
          std::exit(&kernels::level() == level ? 0 : 1);
        },
        testing::ExitedWithCode(0), "")
        << level->name;
  }
}

}  // namespace
}  // namespace signet

#include <Random123/philox.h>
#undef philox4x32  // Random123's C macro

#include <gtest/gtest.h>

#include <random>

#include "signet/core/philox.h"

namespace signet {
namespace {

using Words = std::array<uint32_t, 4>;

// Random123 1.09, tests/kat_vectors, "philox4x32 10".
static_assert(philox4x32({0, 0, 0, 0}, {0, 0}) ==
              Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) ==
              Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
static_assert(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                         {0xa4093822, 0x299f31d0}) ==
              Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});

TEST(Philox, EqualsRandom123) {
  std::mt19937 generator(1);
  for (int i = 0; i < 100'000; ++i) {
    Words counter;
    for (auto& c : counter) c = generator();
    const std::array<uint32_t, 2> key = {static_cast<uint32_t>(generator()),
                                         static_cast<uint32_t>(generator())};
    const auto expected = r123::Philox4x32()(
        {{counter[0], counter[1], counter[2], counter[3]}}, {{key[0], key[1]}});
    const auto words = philox4x32(counter, key);
    for (int w = 0; w < 4; ++w) ASSERT_EQ(words[w], expected[w]) << i;
  }
}

}  // namespace
}  // namespace signet

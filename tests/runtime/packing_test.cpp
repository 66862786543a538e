#include "signet/runtime/packing.h"

#include <gtest/gtest.h>

#include <limits>

#include "signet/runtime/kernels/levels.h"
#include "tests/runtime/random_model.h"

namespace signet::runtime {
namespace {

TEST(Packing, BitKIsBitKOfTheWordsAndTheRestIsZero) {
  Engine engine(1);
  for (const std::int64_t n :
       {1, 3, 7, 8, 9, 15, 31, 32, 33, 63, 64, 65, 127, 128, 200, 784, 1000}) {
    const auto bytes = random_inputs(engine, InputEncoding::bits, 3, n);
    std::vector<std::uint64_t> words(3 * words_for(n), ~std::uint64_t{0});
    pack_rows(bytes.data(), 3, n, words.data());
    for (std::int64_t row = 0; row < 3; ++row) {
      for (std::int64_t k = 0; k < 64 * words_for(n); ++k) {
        const int bit = words[row * words_for(n) + k / 64] >> (k % 64) & 1;
        EXPECT_EQ(bit, k < n ? bytes[row * n + k] : 0) << n << " " << k;
      }
    }
    std::vector<std::uint8_t> back(bytes.size(), 77);
    unpack_rows(words.data(), 3, n, back.data());
    EXPECT_EQ(back, bytes);
  }
}

TEST(Packing, EveryByteButZeroIsOne) {
  for (int value = 0; value < 256; ++value) {
    // Neighbours must not change each other, whatever they hold.
    for (const int neighbour : {0, 1, 127, 128, 255}) {
      const std::uint8_t bytes[3] = {static_cast<std::uint8_t>(neighbour),
                                     static_cast<std::uint8_t>(value),
                                     static_cast<std::uint8_t>(neighbour)};
      std::uint64_t word = 0;
      pack_rows(bytes, 1, 3, &word);
      const std::uint64_t outer = neighbour != 0 ? 5 : 0;
      EXPECT_EQ(word, outer | (value != 0 ? 2 : 0));
    }
  }
}

TEST(Packing, EveryLevelPacksTheSame) {
  Engine engine(3);
  std::vector<float> special = {0.0F,
                                -0.0F,
                                std::numeric_limits<float>::quiet_NaN(),
                                -std::numeric_limits<float>::quiet_NaN(),
                                std::numeric_limits<float>::infinity(),
                                -std::numeric_limits<float>::infinity(),
                                std::numeric_limits<float>::denorm_min(),
                                -std::numeric_limits<float>::denorm_min()};
  for (const std::int64_t n :
       {1, 3, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 200, 784, 1000}) {
    std::vector<std::uint8_t> bytes(3 * n);
    std::vector<float> floats(3 * n);
    std::vector<std::uint8_t> signs(3 * n);
    for (std::int64_t i = 0; i < 3 * n; ++i) {
      bytes[i] = engine() % 3 == 0 ? engine() % 256 : 0;
      floats[i] = engine() % 4 == 0
                      ? special[engine() % special.size()]
                      : static_cast<float>(engine() % 100) - 50.0F;
      signs[i] = floats[i] >= 0;
    }
    std::vector<std::uint64_t> expected(3 * words_for(n));
    std::vector<std::uint64_t> expected_signs(expected.size());
    pack_rows(bytes.data(), 3, n, expected.data());
    pack_rows(signs.data(), 3, n, expected_signs.data());
    for (const Isa isa : available_isas()) {
      const RowPackers& packers = choose_packers(isa);
      std::vector<std::uint64_t> got(expected.size(), ~std::uint64_t{0});
      packers.bytes(bytes.data(), 3, n, got.data());
      EXPECT_EQ(got, expected) << isa_name(isa) << " " << n;
      got.assign(expected.size(), ~std::uint64_t{0});
      packers.signs(floats.data(), 3, n, got.data());
      EXPECT_EQ(got, expected_signs) << isa_name(isa) << " " << n;
    }
  }
}

TEST(Packing, JoinedRowsAreTheRowsOneAfterAnother) {
  Engine engine(2);
  for (const std::int64_t n : {1, 3, 63, 64, 65, 128, 130}) {
    for (const std::int64_t count : {1, 2, 9, 64}) {
      const auto bytes =
          random_inputs(engine, InputEncoding::bits, 3, count * n);
      std::vector<std::uint64_t> rows(3 * count * words_for(n));
      pack_rows(bytes.data(), 3 * count, n, rows.data());
      std::vector<std::uint64_t> expected(3 * words_for(count * n));
      pack_rows(bytes.data(), 3, count * n, expected.data());
      std::vector<std::uint64_t> joined(expected.size(), ~std::uint64_t{0});
      join_rows(rows.data(), 3, count, n, joined.data());
      EXPECT_EQ(joined, expected) << count << " x " << n;
    }
  }
}

TEST(Packing, ChannelsGoLast) {
  const std::vector<std::uint8_t> planes = {1, 2, 3, 4,  5,  6,  // an image
                                            7, 8, 9, 10, 11, 12};
  std::vector<std::uint8_t> out(12);
  put_channels_last(planes.data(), 2, 2, 3, out.data());
  EXPECT_EQ(out, (std::vector<std::uint8_t>{1, 4, 2, 5, 3, 6,  //
                                            7, 10, 8, 11, 9, 12}));
}

}  // namespace
}  // namespace signet::runtime

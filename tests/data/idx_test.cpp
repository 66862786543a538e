#include "signet/data/idx.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "signet/data/atomic_file.h"
#include "signet/data/gzip.h"
#include "tests/data/error_of.h"
#include "tests/data/temp_folder.h"

namespace signet {
namespace {

IdxArray sample() {
  IdxArray array{.shape = {2, 3, 5}, .values = std::vector<uint8_t>(30)};
  std::iota(array.values.begin(), array.values.end(), uint8_t{240});
  return array;
}

std::string error_reading(const std::vector<uint8_t>& bytes, bool packed) {
  TempFolder folder;
  write_atomically(folder / "x", packed ? gzip(bytes) : bytes);
  return error_of([&] { read_idx(folder / "x"); });
}

TEST(Idx, RoundTripPlainAndGzip) {
  TempFolder folder;
  for (const std::string name : {"a", "a.gz"}) {
    write_idx(folder / name, sample());
    EXPECT_EQ(is_gzip(read_file(folder / name)), name == "a.gz");
    // The bytes decide, not the name.
    rename(folder / name, folder / "b");
    const IdxArray read = read_idx(folder / "b");
    EXPECT_EQ(read.shape, sample().shape);
    EXPECT_EQ(read.values, sample().values);
  }
}

TEST(Idx, Layout) {
  TempFolder folder;
  write_idx(folder / "a",
            {.shape = {2, 258}, .values = std::vector<uint8_t>(2 * 258, 7)});
  const auto bytes = read_file(folder / "a");
  const std::vector<uint8_t> header = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 1, 2};
  EXPECT_EQ(std::vector(bytes.begin(), bytes.begin() + 12), header);
  EXPECT_EQ(bytes.size(), 12u + 2 * 258);
}

TEST(Idx, EveryTruncationIsAnError) {
  TempFolder folder;
  for (const std::string name : {"a", "a.gz"}) {
    write_idx(folder / name, sample());
    const auto bytes = read_file(folder / name);
    for (size_t length = 0; length < bytes.size(); ++length) {
      write_atomically(folder / "cut", std::span(bytes.data(), length));
      EXPECT_PRED2(contains, error_of([&] { read_idx(folder / "cut"); }),
                   "cut: must ")
          << name << " " << length;
    }
  }
}

TEST(Idx, SaysWhatIsWrong) {
  for (const bool packed : {false, true}) {
    EXPECT_PRED2(contains, error_reading({}, packed),
                 "must begin with 4 bytes, 00 00 08 and the number of "
                 "dimensions (an IDX file), but has 0");
    EXPECT_PRED2(contains, error_reading({'P', 'K', 3, 4}, packed),
                 "byte 0 must be 00, as IDX files begin 00 00 08, but is 50 "
                 "(the file begins with 50 4b 03 04)");
    EXPECT_PRED2(contains, error_reading({0, 7, 8, 1}, packed),
                 "byte 1 must be 00, as IDX files begin 00 00 08, but is 07");
    EXPECT_PRED2(contains, error_reading({0, 0, 0x0d, 1, 0, 0, 0, 0}, packed),
                 "byte 2 must be 08, the type of unsigned bytes, but is 0d");
    EXPECT_PRED2(contains, error_reading({0, 0, 8, 0}, packed),
                 "byte 3 must be the number of dimensions, 01 to 08, but is "
                 "00");
    EXPECT_PRED2(contains, error_reading({0, 0, 8, 200}, packed),
                 "01 to 08, but is c8");
    EXPECT_PRED2(contains, error_reading({0, 0, 8, 1, 0, 0}, packed),
                 "must have a header of 8 bytes, but got a truncated file");
    EXPECT_PRED2(contains,
                 error_reading({0, 0, 8, 1, 0, 0, 0, 3, 1, 2}, packed),
                 std::string("must be 11 bytes long") +
                     (packed ? " when decompressed" : "") +
                     ", a header of 8 and the 3 values that the sizes in it "
                     "claim, but is 10 (a truncated file)");
    EXPECT_PRED2(contains,
                 error_reading({0, 0, 8, 1, 0, 0, 0, 1, 1, 2}, packed),
                 "but is longer (trailing bytes)");
    // 1 GiB claimed, one byte there: must not take 1 GiB first.
    EXPECT_PRED2(contains,
                 error_reading({0, 0, 8, 1, 0x40, 0, 0, 0, 1}, packed),
                 "1073741824 values that the sizes in it claim, but is 9");
    // 2^32 - 1 to the third power overflows 64 bits.
    std::vector<uint8_t> absurd = {0, 0, 8, 3};
    absurd.resize(16, 0xff);
    EXPECT_PRED2(contains, error_reading(absurd, packed),
                 "must hold less than 1 TiB, but its header claims more from "
                 "byte 8 on");
  }
}

TEST(Idx, WriterChecksItsShape) {
  TempFolder folder;
  EXPECT_PRED2(contains, error_of([&] {
                 write_idx(folder / "a", {.shape = {2, 2}, .values = {1}});
               }),
               "values must be 4, but got 1");
  EXPECT_PRED2(contains, error_of([&] {
                 write_idx(folder / "a", {.shape = {-1}, .values = {}});
               }),
               "sizes must be 0 to 2^32 - 1, but got -1");
  EXPECT_EQ(folder.count(), 0);
}

}  // namespace
}  // namespace signet

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
    EXPECT_PRED2(contains, error_reading({}, packed), "got an empty file");
    EXPECT_PRED2(contains, error_reading({'P', 'K', 3, 4}, packed),
                 "must be an IDX file (first bytes 00 00 08 and the rank), but "
                 "got 50 4b 03 04");
    EXPECT_PRED2(contains, error_reading({0, 0, 0x0d, 1, 0, 0, 0, 0}, packed),
                 "must hold unsigned bytes (IDX type 08), but got type 0d");
    EXPECT_PRED2(contains, error_reading({0, 0, 8, 0}, packed),
                 "must have 1 to 8 dimensions, but got 0");
    EXPECT_PRED2(contains, error_reading({0, 0, 8, 200}, packed),
                 "must have 1 to 8 dimensions, but got 200");
    EXPECT_PRED2(contains, error_reading({0, 0, 8, 1, 0, 0}, packed),
                 "must have a header of 8 bytes, but got a truncated file");
    EXPECT_PRED2(contains,
                 error_reading({0, 0, 8, 1, 0, 0, 0, 3, 1, 2}, packed),
                 "must hold the 3 values that its header claims, but got 2");
    EXPECT_PRED2(contains,
                 error_reading({0, 0, 8, 1, 0, 0, 0, 1, 1, 2}, packed),
                 "but got more (trailing bytes)");
    // 1 GiB claimed, one byte there: must not take 1 GiB first.
    EXPECT_PRED2(contains,
                 error_reading({0, 0, 8, 1, 0x40, 0, 0, 0, 1}, packed),
                 "1073741824 values that its header claims, but got 1");
    // 2^32 - 1 to the third power overflows 64 bits.
    std::vector<uint8_t> absurd = {0, 0, 8, 3};
    absurd.resize(16, 0xff);
    EXPECT_PRED2(contains, error_reading(absurd, packed),
                 "must hold less than 1 TiB");
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

#include "signet/data/gzip.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/data/error_of.h"

namespace signet {
namespace {

constexpr size_t kNoLimit = size_t{1} << 30;

std::vector<uint8_t> sample(size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * i >> 3);
  return bytes;
}

TEST(Gzip, RoundTrip) {
  for (const size_t size : {0, 1, 100, 65'536, 65'537, 1'000'000}) {
    const auto bytes = sample(size);
    EXPECT_EQ(gunzip(gzip(bytes), kNoLimit, "a.gz"), bytes);
  }
}

TEST(Gzip, StopsAtTheLimit) {
  const auto packed = gzip(sample(1'000'000));
  EXPECT_EQ(gunzip(packed, 70'000, "a.gz").size(), 70'000u);
}

// Written by gzip 1.12: printf 'signet' | gzip -n, twice, one after the other.
TEST(Gzip, ReadsSeveralMembersOfAnotherProgram) {
  const std::vector<uint8_t> member = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00,
                                       0x00, 0x00, 0x03, 0x2b, 0xce, 0x4c, 0xcf,
                                       0x4b, 0x2d, 0x01, 0x00, 0xa7, 0xc8, 0x0c,
                                       0x03, 0x06, 0x00, 0x00, 0x00};
  auto twice = member;
  twice.insert(twice.end(), member.begin(), member.end());
  const auto text = gunzip(twice, kNoLimit, "a.gz");
  EXPECT_EQ(std::string(text.begin(), text.end()), "signetsignet");
}

TEST(Gzip, EveryTruncationIsAnError) {
  const auto packed = gzip(sample(3'000));
  for (size_t length = 0; length < packed.size(); ++length) {
    const std::span part(packed.data(), length);
    EXPECT_PRED2(contains, error_of([&] { gunzip(part, kNoLimit, "a.gz"); }),
                 "a.gz: must be whole gzip data, but ends at byte " +
                     std::to_string(length) + ", after ")
        << length;
  }
}

TEST(Gzip, DamageAndTrailingBytesAreErrors) {
  const auto good = gzip(sample(3'000));
  auto damaged = good;
  damaged[damaged.size() - 6] ^= 1;  // in the checksum
  EXPECT_PRED2(contains, error_of([&] { gunzip(damaged, kNoLimit, "a.gz"); }),
               "must be gzip data, but is damaged before byte " +
                   std::to_string(good.size() - 4) + " (incorrect data check)");
  auto longer = good;
  longer.push_back(0);
  EXPECT_PRED2(contains, error_of([&] { gunzip(longer, kNoLimit, "a.gz"); }),
               "must end where its gzip data end, at byte " +
                   std::to_string(good.size()) + ", but has 1 more bytes");
}

}  // namespace
}  // namespace signet

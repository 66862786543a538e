#include "signet/data/fingerprint.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

// CRC-32 of "1x1x2", 01 00, 05 06 07 08 by Python's zlib.crc32.
TEST(Fingerprint, IsTheChecksumOfShapeLabelsAndPixels) {
  const Dataset data{.name = "idx",
                     .image_shape = {1, 1, 2},
                     .images = {5, 6, 7, 8},
                     .labels = {1, 0}};
  EXPECT_EQ(fingerprint(data), "a76b4b43");
  for (const auto& change :
       std::vector<void (*)(Dataset&)>{[](Dataset& d) {
                                         d.image_shape = {2, 1, 1};
                                       },
                                       [](Dataset& d) { d.images[3] = 9; },
                                       [](Dataset& d) { d.labels[0] = 2; }}) {
    auto other = data;
    change(other);
    EXPECT_NE(fingerprint(other), fingerprint(data));
  }
  auto renamed = data;
  renamed.name = "mnist";
  EXPECT_EQ(fingerprint(renamed), fingerprint(data));
}

}  // namespace
}  // namespace signet

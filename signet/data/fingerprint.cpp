#include "signet/data/fingerprint.h"

#include <zlib.h>

#include <cstdio>

namespace signet {

std::string fingerprint(const Dataset& data) {
  const auto shape = size_text(data.image_shape);
  auto sum =
      crc32_z(0, reinterpret_cast<const Bytef*>(shape.data()), shape.size());
  sum = crc32_z(sum, data.labels.data(), data.labels.size());
  sum = crc32_z(sum, data.images.data(), data.images.size());
  char digits[16];
  std::snprintf(digits, sizeof digits, "%08lx",
                static_cast<unsigned long>(sum));
  return digits;
}

}  // namespace signet

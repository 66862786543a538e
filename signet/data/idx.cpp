#include "signet/data/idx.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <string>

#include "signet/data/atomic_file.h"
#include "signet/data/bad_file.h"
#include "signet/data/gzip.h"

namespace signet {
namespace {

constexpr uint8_t kUnsignedByte = 0x08;
constexpr size_t kMaxRank = 8;
constexpr size_t kMaxHeader = 4 + 4 * kMaxRank;
// No data set of bytes is near 1 TiB: more is a damaged header.
constexpr uint64_t kMaxValues = uint64_t{1} << 40;

std::string hex(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    char digits[4];
    std::snprintf(digits, sizeof digits, "%02x ", byte);
    text += digits;
  }
  if (!text.empty()) text.pop_back();
  return text;
}

struct Header {
  std::vector<int64_t> shape;
  size_t bytes = 0;     // of the header
  uint64_t values = 0;  // that follow it
};

Header parse_header(std::span<const uint8_t> bytes,
                    const std::filesystem::path& path) {
  const auto magic = bytes.first(std::min<size_t>(bytes.size(), 4));
  if (magic.size() < 4) {
    bad_file(path,
             "must begin with 4 bytes, 00 00 08 and the number of "
             "dimensions (an IDX file), but has " +
                 std::to_string(magic.size()));
  }
  const auto bad_byte = [&](size_t at, const std::string& must) {
    bad_file(path, "byte " + std::to_string(at) + " must be " + must +
                       ", but is " + hex(magic.subspan(at, 1)) +
                       " (the file begins with " + hex(magic) + ")");
  };
  for (const size_t at : {0, 1}) {
    if (magic[at] != 0) bad_byte(at, "00, as IDX files begin 00 00 08");
  }
  if (magic[2] != kUnsignedByte) bad_byte(2, "08, the type of unsigned bytes");
  const size_t rank = magic[3];
  if (rank < 1 || rank > kMaxRank) {
    bad_byte(3, "the number of dimensions, 01 to " +
                    hex(std::array{static_cast<uint8_t>(kMaxRank)}));
  }
  Header header{.shape = {}, .bytes = 4 + 4 * rank, .values = 1};
  if (bytes.size() < header.bytes) {
    bad_file(path, "must have a header of " + std::to_string(header.bytes) +
                       " bytes, but got a truncated file of " +
                       std::to_string(bytes.size()));
  }
  for (size_t i = 0; i < rank; ++i) {
    uint32_t size = 0;
    for (const uint8_t byte : bytes.subspan(4 + 4 * i, 4)) {
      size = size << 8 | byte;
    }
    header.shape.push_back(size);
    // Below 2^40 times below 2^32 does not fit 64 bits: check by division.
    if (size != 0 && header.values > kMaxValues / size) {
      bad_file(path,
               "must hold less than 1 TiB, but its header claims more from "
               "byte " +
                   std::to_string(4 + 4 * i) + " on (a damaged file)");
    }
    header.values *= size;
  }
  return header;
}

}  // namespace

IdxArray read_idx(const std::filesystem::path& path) {
  std::vector<uint8_t> file = read_file(path);
  const bool packed = is_gzip(file);
  const Header header =
      parse_header(packed ? gunzip(file, kMaxHeader, path) : file, path);
  const uint64_t whole = header.bytes + header.values;
  if (packed) file = gunzip(file, whole + 1, path);
  if (file.size() != whole) {
    const bool longer = file.size() > whole;
    bad_file(path, "must be " + std::to_string(whole) + " bytes long" +
                       (packed ? " when decompressed" : "") + ", a header of " +
                       std::to_string(header.bytes) + " and the " +
                       std::to_string(header.values) +
                       " values that the sizes in it claim, but is " +
                       (longer ? "longer (trailing bytes)"
                               : std::to_string(file.size()) +
                                     " (a truncated file)"));
  }
  return {header.shape,
          {file.begin() + static_cast<ptrdiff_t>(header.bytes), file.end()}};
}

void write_idx(const std::filesystem::path& path, const IdxArray& array) {
  if (array.shape.empty() || array.shape.size() > kMaxRank) {
    bad_file(path, "write_idx: shape must have 1 to " +
                       std::to_string(kMaxRank) + " dimensions, but got " +
                       std::to_string(array.shape.size()));
  }
  std::vector<uint8_t> bytes = {0, 0, kUnsignedByte,
                                static_cast<uint8_t>(array.shape.size())};
  for (const int64_t size : array.shape) {
    if (size < 0 || size > UINT32_MAX) {
      bad_file(path, "write_idx: sizes must be 0 to 2^32 - 1, but got " +
                         std::to_string(size));
    }
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<uint8_t>(size >> shift));
    }
  }
  const Header header = parse_header(bytes, path);
  if (header.values != array.values.size()) {
    bad_file(path, "write_idx: values must be " +
                       std::to_string(header.values) + ", but got " +
                       std::to_string(array.values.size()));
  }
  bytes.insert(bytes.end(), array.values.begin(), array.values.end());
  write_atomically(path, path.extension() == ".gz" ? gzip(bytes) : bytes);
}

}  // namespace signet

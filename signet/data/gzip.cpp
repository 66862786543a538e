#include "signet/data/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <memory>
#include <new>
#include <string>

#include "signet/data/bad_file.h"

namespace signet {
namespace {

// zlib: 15 window bits, + 16 for the gzip wrapper.
constexpr int kGzipWindow = 15 + 16;
// zlib counts in 32 bits, so it is fed in pieces.
constexpr size_t kPiece = size_t{1} << 30;
constexpr size_t kFirstRoom = size_t{1} << 16;

Bytef* zlib_input(std::span<const uint8_t> bytes) {
  return const_cast<Bytef*>(bytes.data());
}

}  // namespace

bool is_gzip(std::span<const uint8_t> bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

std::vector<uint8_t> gunzip(std::span<const uint8_t> bytes, size_t at_most,
                            const std::filesystem::path& source) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream,
                                                            inflateEnd);
  const size_t whole = bytes.size();
  std::vector<uint8_t> result;
  while (result.size() < at_most) {
    const size_t filled = result.size();
    const size_t room =
        std::min({at_most - filled, kPiece, std::max(filled, kFirstRoom)});
    const size_t given = std::min(bytes.size(), kPiece);
    result.resize(filled + room);
    stream.next_in = zlib_input(bytes);
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = result.data() + filled;
    stream.avail_out = static_cast<uInt>(room);
    const int status = inflate(&stream, Z_NO_FLUSH);
    bytes = bytes.subspan(given - stream.avail_in);
    result.resize(filled + room - stream.avail_out);

    if (status == Z_STREAM_END) {
      if (bytes.empty()) return result;
      if (!is_gzip(bytes)) {
        bad_file(source, "must end where its gzip data end, at byte " +
                             std::to_string(whole - bytes.size()) +
                             ", but has " + std::to_string(bytes.size()) +
                             " more bytes");
      }
      inflateReset(&stream);
    } else if (status == Z_BUF_ERROR) {
      bad_file(source,
               "must be whole gzip data, but ends at byte " +
                   std::to_string(whole) + ", after " +
                   std::to_string(result.size()) +
                   " decompressed bytes (a truncated file): fetch it again");
    } else if (status != Z_OK) {
      bad_file(source, "must be gzip data, but is damaged before byte " +
                           std::to_string(whole - bytes.size()) + " (" +
                           std::string(stream.msg ? stream.msg : "zlib") +
                           "): fetch it again");
    }
  }
  return result;
}

std::vector<uint8_t> gzip(std::span<const uint8_t> bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream,
                                                            deflateEnd);
  std::vector<uint8_t> result;
  for (int status = Z_OK; status != Z_STREAM_END;) {
    const size_t filled = result.size();
    const size_t given = std::min(bytes.size(), kPiece);
    result.resize(filled + kFirstRoom);
    stream.next_in = zlib_input(bytes);
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = result.data() + filled;
    stream.avail_out = static_cast<uInt>(kFirstRoom);
    status = deflate(&stream, given == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    bytes = bytes.subspan(given - stream.avail_in);
    result.resize(filled + kFirstRoom - stream.avail_out);
  }
  return result;
}

}  // namespace signet

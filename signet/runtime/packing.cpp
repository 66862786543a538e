#include "signet/runtime/packing.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "signet/runtime/bit_writer.h"

namespace signet::runtime {

// Words are read as bytes and half words by the kernels.
static_assert(std::endian::native == std::endian::little,
              "the packed runtime needs a little-endian machine");

namespace {

void pack_row(const std::uint8_t* bytes, std::int64_t n, std::uint64_t* words) {
  constexpr std::uint64_t kLow7 = 0x7f7f7f7f7f7f7f7f;
  constexpr std::uint64_t kTop = 0x8080808080808080;
  for (std::int64_t w = 0; w < words_for(n); ++w) {
    std::uint64_t word = 0;
    for (std::int64_t k = 64 * w; k < n && k < 64 * (w + 1); k += 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, bytes + k, n - k < 8 ? n - k : 8);
      // The top bit of each byte says whether the byte is not 0; the product
      // brings the eight of them together, the first byte lowest.
      const std::uint64_t set = ((eight & kLow7) + kLow7) | eight;
      const std::uint64_t gathered =
          (((set & kTop) >> 7) * 0x0102040810204080) >> 56;
      word |= gathered << (k % 64);
    }
    words[w] = word;
  }
}

}  // namespace

void pack_rows(const std::uint8_t* bytes, std::int64_t rows, std::int64_t n,
               std::uint64_t* words) {
  for (std::int64_t row = 0; row < rows; ++row) {
    pack_row(bytes + row * n, n, words + row * words_for(n));
  }
}

void pack_signs(const float* values, std::int64_t rows, std::int64_t n,
                std::uint64_t* words) {
  for (std::int64_t row = 0; row < rows; ++row, words += words_for(n)) {
    std::memset(words, 0, words_for(n) * 8);
    for (std::int64_t k = 0; k < n; ++k) {
      words[k / 64] |= std::uint64_t{*values++ >= 0} << (k % 64);
    }
  }
}

void unpack_rows(const std::uint64_t* words, std::int64_t rows, std::int64_t n,
                 std::uint8_t* bytes) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::uint64_t* from = words + row * words_for(n);
    for (std::int64_t k = 0; k < n; ++k) {
      *bytes++ = from[k / 64] >> (k % 64) & 1;
    }
  }
}

void join_rows(const std::uint64_t* words, std::int64_t rows,
               std::int64_t count, std::int64_t n, std::uint64_t* joined) {
  for (std::int64_t row = 0; row < rows; ++row) {
    BitWriter writer(joined + row * words_for(count * n));
    for (std::int64_t i = 0; i < count; ++i) {
      writer.append_row(words, n);
      words += words_for(n);
    }
    writer.finish();
  }
}

void split_rows(const std::uint64_t* joined, std::int64_t rows,
                std::int64_t count, std::int64_t n, std::uint64_t* words) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::uint64_t* from = joined + row * words_for(count * n);
    for (std::int64_t first = 0; first < count * n; first += n) {
      for (std::int64_t k = 0; k < n; k += 64) {
        const std::int64_t at = first + k,
                           used = std::min<std::int64_t>(64, n - k);
        const int low = static_cast<int>(at % 64);
        std::uint64_t word = from[at / 64] >> low;
        if (low + used > 64) word |= from[at / 64 + 1] << (64 - low);
        *words++ = word & ~std::uint64_t{0} >> (64 - used);
      }
    }
  }
}

void put_channels_last(const std::uint8_t* bytes, std::int64_t images,
                       std::int64_t channels, std::int64_t pixels,
                       std::uint8_t* out) {
  for (std::int64_t image = 0; image < images; ++image) {
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
      for (std::int64_t c = 0; c < channels; ++c) {
        *out++ = bytes[c * pixels + pixel];
      }
    }
    bytes += channels * pixels;
  }
}

}  // namespace signet::runtime

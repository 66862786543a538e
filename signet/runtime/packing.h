// Bits in 64-bit words: the one layout of binary activations and, in files, of
// binary weights.
#pragma once

#include <cstdint>

namespace signet::runtime {

/// Words in a row of n bits. A row starts on a word; bit k of a row is bit
/// k % 64 of word k / 64, the lowest first; what is left of the last word is 0.
/// An image is a row for each pixel.
/// (static: files of several instruction sets include this, kernels/kernel.h.)
static constexpr std::int64_t words_for(std::int64_t n) {
  return (n + 63) / 64;
}

/// Packs rows of n bytes into rows of words_for(n) words: 0 gives bit 0, any
/// other byte gives 1.
void pack_rows(const std::uint8_t* bytes, std::int64_t rows, std::int64_t n,
               std::uint64_t* words);

/// The same of floats: 1 where a value is >= 0, so of -0 as well, not of a NaN.
void pack_signs(const float* values, std::int64_t rows, std::int64_t n,
                std::uint64_t* words);

/// Unpacks rows of n bits to bytes 0 and 1.
void unpack_rows(const std::uint64_t* words, std::int64_t rows, std::int64_t n,
                 std::uint8_t* bytes);

/// Joins every `count` rows of n bits to one row of count x n bits.
void join_rows(const std::uint64_t* words, std::int64_t rows,
               std::int64_t count, std::int64_t n, std::uint64_t* joined);

/// The reverse: splits every row of count x n bits to `count` rows of n bits.
void split_rows(const std::uint64_t* joined, std::int64_t rows,
                std::int64_t count, std::int64_t n, std::uint64_t* words);

/// Images as data sets have them, [images, channels, pixels], to channels last,
/// [images, pixels, channels].
void put_channels_last(const std::uint8_t* bytes, std::int64_t images,
                       std::int64_t channels, std::int64_t pixels,
                       std::uint8_t* out);

}  // namespace signet::runtime

// Writes bits one after another into words, lowest first.
#pragma once

#include <cstdint>

namespace signet::runtime {

class BitWriter {
 public:
  explicit BitWriter(std::uint64_t* to) : to_(to) {}

  /// Appends the lowest n bits, n in 1..64; those above must be 0.
  void append(std::uint64_t bits, int n) {
    word_ |= bits << used_;
    used_ += n;
    if (used_ < 64) return;
    *to_++ = word_;
    used_ -= 64;
    // What did not fit; n - used_ bits did.
    word_ = used_ == 0 ? 0 : bits >> (n - used_);
  }

  /// Appends a row of n bits, packed as in packing.h.
  void append_row(const std::uint64_t* row, std::int64_t n) {
    for (; n > 64; n -= 64) append(*row++, 64);
    append(*row, static_cast<int>(n));
  }

  /// Writes what is left, filled up with 0.
  void finish() {
    if (used_ != 0) *to_ = word_;
  }

 private:
  std::uint64_t* to_;
  std::uint64_t word_ = 0;
  int used_ = 0;
};

}  // namespace signet::runtime

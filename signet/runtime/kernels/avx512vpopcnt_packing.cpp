// The AVX-512 level of packing rows: 64 values become a word.
#include <immintrin.h>

#include "signet/runtime/kernels/kernel.h"

namespace signet::runtime {

extern const RowPackers kAvx512Packers;

namespace {

/// The lowest n bits, n at most 64.
std::uint64_t first_bits(std::int64_t n) {
  return n < 64 ? (std::uint64_t{1} << n) - 1 : ~std::uint64_t{0};
}

void bytes_to_bits(const std::uint8_t* values, std::int64_t rows,
                   std::int64_t n, std::uint64_t* words) {
  for (std::int64_t row = 0; row < rows; ++row, values += n) {
    for (std::int64_t k = 0; k < n; k += 64) {
      const __m512i x = _mm512_maskz_loadu_epi8(first_bits(n - k), values + k);
      *words++ = _mm512_test_epi8_mask(x, x);
    }
  }
}

void floats_to_bits(const float* values, std::int64_t rows, std::int64_t n,
                    std::uint64_t* words) {
  for (std::int64_t row = 0; row < rows; ++row, values += n) {
    for (std::int64_t k = 0; k < n; k += 64) {
      std::uint64_t word = 0;
      for (std::int64_t i = 0; i < 64 && k + i < n; i += 16) {
        const auto used = static_cast<__mmask16>(first_bits(n - k - i));
        const __m512 x = _mm512_maskz_loadu_ps(used, values + k + i);
        const std::uint64_t signs =
            _mm512_mask_cmp_ps_mask(used, x, _mm512_setzero_ps(), _CMP_GE_OQ);
        word |= signs << i;
      }
      *words++ = word;
    }
  }
}

}  // namespace

const RowPackers kAvx512Packers{bytes_to_bits, floats_to_bits};

}  // namespace signet::runtime

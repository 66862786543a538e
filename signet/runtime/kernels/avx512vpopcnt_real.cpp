// Real weights on the AVX-512 level: 16 bits of a row are a mask, under which
// 16 weights are added. Inputs lie across lanes, so few outputs waste nothing.
#include <immintrin.h>

#include "signet/runtime/kernels/real_kernel.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {

extern const RealKernel kAvx512Real;

namespace {

constexpr std::int64_t kLanes = 16;
/// Weights of a lane before it is widened: 32 x 2^25 fits in 31 bits.
constexpr std::int64_t kBlock = 32;

__mmask16 load_mask(const std::uint64_t* row, std::int64_t i) {
  std::uint16_t mask;
  __builtin_memcpy(&mask, reinterpret_cast<const char*>(row) + 2 * i, 2);
  return mask;
}

/// kRows rows times kOutputs outputs.
template <int kRows, int kOutputs>
void tile(const RealCall& call, std::int64_t row, std::int64_t output,
          std::int64_t* out) {
  const std::int64_t words = words_for(call.inputs);
  const std::int64_t steps = (call.inputs + kLanes - 1) / kLanes;
  const std::int32_t* weights = call.weights + output * call.stride;
  const std::uint64_t* x = call.input + row * words;
  __m512i totals[kRows][kOutputs];
  for (auto& of_row : totals) {
    for (auto& total : of_row) total = _mm512_setzero_si512();
  }
  for (std::int64_t start = 0; start < steps; start += kBlock) {
    const std::int64_t stop = start + kBlock < steps ? start + kBlock : steps;
    __m512i sums[kRows][kOutputs];
    for (auto& of_row : sums) {
      for (auto& sum : of_row) sum = _mm512_setzero_si512();
    }
    for (std::int64_t i = start; i < stop; ++i) {
      __m512i w[kOutputs];
      for (int j = 0; j < kOutputs; ++j) {
        w[j] = _mm512_load_si512(weights + j * call.stride + i * kLanes);
      }
      for (int r = 0; r < kRows; ++r) {
        const __mmask16 mask = load_mask(x + r * words, i);
        for (int j = 0; j < kOutputs; ++j) {
          sums[r][j] =
              _mm512_mask_add_epi32(sums[r][j], mask, sums[r][j], w[j]);
        }
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int j = 0; j < kOutputs; ++j) {
        const __m512i low =
            _mm512_cvtepi32_epi64(_mm512_castsi512_si256(sums[r][j]));
        const __m512i high =
            _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(sums[r][j], 1));
        totals[r][j] =
            _mm512_add_epi64(totals[r][j], _mm512_add_epi64(low, high));
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int j = 0; j < kOutputs; ++j) {
      out[(row + r) * call.outputs + output + j] =
          _mm512_reduce_add_epi64(totals[r][j]);
    }
  }
}

template <int kRows>
void outputs(const RealCall& call, std::int64_t row, std::int64_t* out) {
  constexpr int kStep = 8 / kRows;  // 8 accumulators
  std::int64_t j = 0;
  for (; j + kStep <= call.outputs; j += kStep) {
    tile<kRows, kStep>(call, row, j, out);
  }
  for (; j < call.outputs; ++j) tile<kRows, 1>(call, row, j, out);
}

void sums(const RealCall& call, std::int64_t* out) {
  std::int64_t row = 0;
  for (; row + 4 <= call.rows; row += 4) outputs<4>(call, row, out);
  for (; row < call.rows; ++row) outputs<1>(call, row, out);
}

}  // namespace

const RealKernel kAvx512Real{"16 weights added under a mask of bits", sums};

}  // namespace signet::runtime

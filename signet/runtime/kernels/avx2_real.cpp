// Real weights on the AVX2 level: 8 bits of a row become masks of 8 lanes,
// which let through 8 weights. Inputs lie across lanes.
#include <immintrin.h>

#include "signet/runtime/kernels/real_kernel.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {

extern const RealKernel kAvx2Real;

namespace {

constexpr std::int64_t kLanes = 8;
/// Weights of a lane before it is widened: 32 x 2^25 fits in 31 bits.
constexpr std::int64_t kBlock = 32;

__m256i widened(__m256i sums) {
  return _mm256_add_epi64(
      _mm256_cvtepi32_epi64(_mm256_castsi256_si128(sums)),
      _mm256_cvtepi32_epi64(_mm256_extracti128_si256(sums, 1)));
}

/// One row times kOutputs outputs.
template <int kOutputs>
void tile(const RealCall& call, std::int64_t row, std::int64_t output,
          std::int64_t* out) {
  const __m256i bit_of_lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const std::int64_t steps = (call.inputs + kLanes - 1) / kLanes;
  const std::int32_t* weights = call.weights + output * call.stride;
  const auto* x = reinterpret_cast<const std::uint8_t*>(
      call.input + row * words_for(call.inputs));
  __m256i totals[kOutputs];
  for (auto& total : totals) total = _mm256_setzero_si256();
  for (std::int64_t start = 0; start < steps; start += kBlock) {
    const std::int64_t stop = start + kBlock < steps ? start + kBlock : steps;
    __m256i sums[kOutputs];
    for (auto& sum : sums) sum = _mm256_setzero_si256();
    for (std::int64_t i = start; i < stop; ++i) {
      const __m256i bits =
          _mm256_and_si256(_mm256_set1_epi32(x[i]), bit_of_lane);
      const __m256i mask = _mm256_cmpeq_epi32(bits, bit_of_lane);
      for (int j = 0; j < kOutputs; ++j) {
        const __m256i w = _mm256_load_si256(reinterpret_cast<const __m256i*>(
            weights + j * call.stride + i * kLanes));
        sums[j] = _mm256_add_epi32(sums[j], _mm256_and_si256(mask, w));
      }
    }
    for (int j = 0; j < kOutputs; ++j) {
      totals[j] = _mm256_add_epi64(totals[j], widened(sums[j]));
    }
  }
  for (int j = 0; j < kOutputs; ++j) {
    const __m128i half = _mm_add_epi64(_mm256_castsi256_si128(totals[j]),
                                       _mm256_extracti128_si256(totals[j], 1));
    out[row * call.outputs + output + j] =
        _mm_cvtsi128_si64(half) + _mm_extract_epi64(half, 1);
  }
}

void sums(const RealCall& call, std::int64_t* out) {
  for (std::int64_t row = 0; row < call.rows; ++row) {
    std::int64_t j = 0;
    for (; j + 5 <= call.outputs; j += 5) tile<5>(call, row, j, out);
    for (; j < call.outputs; ++j) tile<1>(call, row, j, out);
  }
}

}  // namespace

const RealKernel kAvx2Real{"8 weights added under a mask of bits", sums};

}  // namespace signet::runtime

// The AVX2 level for few 8-bit pixels: multiplication, weights as bytes.
//
// A vector holds the weights, -1 or +1, of 8 output channels times 4 pixels;
// vpmaddubsw multiplies them with 4 broadcast pixels and adds neighbours:
// 16-bit sums of two products, of which 64 are added before they are widened
// (64 * 2 * 255 = 32640). Weights take eight times their bits, which is of no
// account for the windows of a first convolution. A window of 9, 27 or 147
// pixels and 64 outputs takes 22, 35 or 90 ns on one 3.7 GHz Zen 4 core, by
// tables (avx2_tables.cpp) 43, 51 or 110; with 128 outputs both are the same.
#include "signet/runtime/kernels/avx2_pixels.h"

namespace signet::runtime {

extern const LinearKernel kAvx2Windows;

namespace {

constexpr std::int64_t kStep = 4;   // pixels in a vector
constexpr std::int64_t kLanes = 8;  // channels in a vector
constexpr int kVectors = kPanel / kLanes;
constexpr std::int64_t kBlock = 64;  // steps until sums are widened
constexpr int kTileRows = 2;

std::int64_t steps_for(std::int64_t inputs) {
  return (inputs + kStep - 1) / kStep;
}

bool takes(const LinearLayer& layer) {
  return layer.input == InputEncoding::pixels;
}

std::size_t packed_bytes(const LinearLayer& layer) {
  return panels_of(layer.outputs) * kPanel * steps_for(layer.inputs) * kStep;
}

std::size_t scratch_bytes(const LinearLayer& layer) {
  return kTileRows * steps_for(layer.inputs) * kStep;
}

/// Panels of 32 channels, [steps][32][4] bytes; what is padding is 0.
void pack(const LinearLayer& layer, void* packed) {
  const std::int64_t steps = steps_for(layer.inputs);
  auto* weights = static_cast<std::int8_t*>(packed);
  const std::int64_t words = words_for(layer.inputs);
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    const std::uint64_t* row = layer.weights + j * words;
    std::int8_t* column =
        weights + j / kPanel * kPanel * steps * kStep + j % kPanel * kStep;
    for (std::int64_t k = 0; k < layer.inputs; ++k) {
      column[k / kStep * kPanel * kStep + k % kStep] =
          row[k / 64] >> (k % 64) & 1 ? 1 : -1;
    }
  }
}

/// kRows rows of pixels times one panel.
template <int kRows, class Output>
void tile(std::int64_t steps, const std::int8_t* weights,
          const std::uint8_t* pixels, std::int64_t channel, std::int64_t row,
          const Output& output) {
  __m256i sums[kRows][kVectors];
  for (auto& one : sums) {
    for (__m256i& sum : one) sum = _mm256_setzero_si256();
  }
  for (std::int64_t start = 0; start < steps; start += kBlock) {
    const std::int64_t stop = start + kBlock < steps ? start + kBlock : steps;
    __m256i pairs[kRows][kVectors];
    for (auto& one : pairs) {
      for (__m256i& pair : one) pair = _mm256_setzero_si256();
    }
    for (std::int64_t i = start; i < stop; ++i) {
      __m256i x[kRows];
      for (int r = 0; r < kRows; ++r) {
        std::int32_t four;
        __builtin_memcpy(&four, pixels + (r * steps + i) * kStep, 4);
        x[r] = _mm256_set1_epi32(four);
      }
      for (int v = 0; v < kVectors; ++v) {
        const __m256i w = _mm256_load_si256(reinterpret_cast<const __m256i*>(
            weights + (i * kPanel + v * kLanes) * kStep));
        for (int r = 0; r < kRows; ++r) {
          pairs[r][v] =
              _mm256_add_epi16(pairs[r][v], _mm256_maddubs_epi16(x[r], w));
        }
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = _mm256_add_epi32(
            sums[r][v], _mm256_madd_epi16(pairs[r][v], _mm256_set1_epi16(1)));
      }
    }
  }
  for (int r = 0; r < kRows; ++r) output.panel(channel, row + r, sums[r]);
}

template <class Output>
void run(const LinearCall& call, const Output& output) {
  const std::int64_t steps = steps_for(call.inputs);
  const std::int64_t row_bytes = steps * kStep;
  const auto* packed = static_cast<const std::int8_t*>(call.packed);
  auto* pixels = static_cast<std::uint8_t*>(call.scratch);
  for (std::int64_t row = 0; row < call.rows; row += kTileRows) {
    const bool two = row + 1 < call.rows;
    gather_row(call, row, row_bytes, pixels);
    if (two) gather_row(call, row + 1, row_bytes, pixels + row_bytes);
    for (std::int64_t j = 0; j < call.outputs; j += kPanel) {
      if (two) {
        tile<2>(steps, packed + j * row_bytes, pixels, j, row, output);
      } else {
        tile<1>(steps, packed + j * row_bytes, pixels, j, row, output);
      }
    }
  }
}

void bits(const LinearCall& call, std::uint64_t* out) {
  run(call, to_bits(call, out));
}

void sums(const LinearCall& call, std::int32_t* out) {
  run(call, to_sums(call, out));
}

}  // namespace

const LinearKernel kAvx2Windows{"vpmaddubsw, weights as bytes, 8 channels",
                                takes,
                                packed_bytes,
                                threshold_bytes,
                                scratch_bytes,
                                pack,
                                pack_thresholds,
                                bits,
                                sums};

}  // namespace signet::runtime

// The AVX2 level for few 8-bit pixels: multiplication, weights as bytes.
//
// A vector holds the weights, -1 or +1, of 8 output channels times 4 pixels;
// vpmaddubsw multiplies them with 4 broadcast pixels and adds neighbours:
// 16-bit sums of two products, of which 64 are added before they are widened
// (64 * 2 * 255 = 32640). Weights take eight times their bits, which is of no
// account for the windows of a first convolution, whose tables (see
// avx2_pixels.cpp) would cost more than they save.
#include <immintrin.h>

#include "signet/runtime/kernels/kernel.h"

namespace signet::runtime {

extern const LinearKernel kAvx2Windows;

namespace {

constexpr std::int64_t kStep = 4;   // pixels in a vector
constexpr std::int64_t kLanes = 8;  // channels in a vector
constexpr int kVectors = 4;         // vectors in a panel
constexpr std::int64_t kPanel = kVectors * kLanes;
constexpr std::int64_t kBlock = 64;  // steps until sums are widened
constexpr int kTileRows = 2;

/// Sizes that follow from a layer's.
struct Shape {
  std::int64_t steps;
  std::int64_t channels;  // outputs, up to a whole panel
};

Shape shape_of(std::int64_t inputs, std::int64_t outputs) {
  return {(inputs + kStep - 1) / kStep,
          (outputs + kPanel - 1) / kPanel * kPanel};
}

bool takes(const LinearLayer& layer) {
  return layer.input == InputEncoding::pixels;
}

std::size_t packed_bytes(const LinearLayer& layer) {
  const Shape shape = shape_of(layer.inputs, layer.outputs);
  return shape.channels * shape.steps * kStep;
}

std::size_t threshold_bytes(const LinearLayer& layer) {
  return 4 * shape_of(layer.inputs, layer.outputs).channels;
}

std::size_t scratch_bytes(const LinearLayer& layer) {
  return kTileRows * shape_of(layer.inputs, layer.outputs).steps * kStep;
}

/// Panels of 32 channels, [steps][32][4] bytes; what is padding is 0.
void pack(const LinearLayer& layer, void* packed) {
  const Shape shape = shape_of(layer.inputs, layer.outputs);
  auto* weights = static_cast<std::int8_t*>(packed);
  const std::int64_t words = (layer.inputs + 63) / 64;
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    const std::uint64_t* row = layer.weights + j * words;
    std::int8_t* column = weights + j / kPanel * kPanel * shape.steps * kStep +
                          j % kPanel * kStep;
    for (std::int64_t k = 0; k < layer.inputs; ++k) {
      column[k / kStep * kPanel * kStep + k % kStep] =
          row[k / 64] >> (k % 64) & 1 ? 1 : -1;
    }
  }
}

/// As they are; those of padding are INT32_MAX, never reached.
void pack_thresholds(const LinearLayer& layer, const std::int32_t* thresholds,
                     void* packed) {
  auto* to = static_cast<std::int32_t*>(packed);
  const std::int64_t channels = shape_of(0, layer.outputs).channels;
  for (std::int64_t j = 0; j < channels; ++j) {
    to[j] = j < layer.outputs ? thresholds[j] : INT32_MAX;
  }
}

/// s >= t: the signs of a panel are half an output word.
struct ToBits {
  const std::int32_t* thresholds;
  std::uint64_t* out;
  std::int64_t stride;

  void panel(std::int64_t channel, std::int64_t row,
             const __m256i* sums) const {
    std::uint32_t below = 0;
    for (int v = 0; v < kVectors; ++v) {
      const __m256i threshold = _mm256_load_si256(
          reinterpret_cast<const __m256i*>(thresholds + channel + v * kLanes));
      const int mask = _mm256_movemask_ps(
          _mm256_castsi256_ps(_mm256_cmpgt_epi32(threshold, sums[v])));
      below |= static_cast<std::uint32_t>(mask) << (v * kLanes);
    }
    const std::uint32_t word = ~below;
    __builtin_memcpy(reinterpret_cast<char*>(out + row * stride) + channel / 8,
                     &word, 4);
  }
};

struct ToSums {
  std::int32_t* out;
  std::int64_t stride;
  std::int64_t outputs;

  void panel(std::int64_t channel, std::int64_t row,
             const __m256i* sums) const {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    for (int v = 0; v < kVectors; ++v) {
      const std::int64_t j = channel + v * kLanes;
      if (j >= outputs) return;
      const int left = static_cast<int>(outputs - j < kLanes ? outputs - j : 8);
      _mm256_maskstore_epi32(out + row * stride + j,
                             _mm256_cmpgt_epi32(_mm256_set1_epi32(left), lanes),
                             sums[v]);
    }
  }
};

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

/// Copies a row's segments one behind the other; the end of the last step
/// stays 0.
void gather_row(const LinearCall& call, std::int64_t row, std::int64_t steps,
                std::uint8_t* to) {
  const std::int64_t length = call.inputs / call.segments;
  const auto* from =
      static_cast<const std::uint8_t*>(call.input) + row * call.row_stride;
  __builtin_memset(to + (steps - 1) * kStep, 0, kStep);
  for (std::int64_t s = 0; s < call.segments; ++s) {
    __builtin_memcpy(to, from + s * call.segment_stride, length);
    to += length;
  }
}

template <class Output>
void run(const LinearCall& call, const Output& output) {
  const Shape shape = shape_of(call.inputs, call.outputs);
  const auto* packed = static_cast<const std::int8_t*>(call.packed);
  auto* pixels = static_cast<std::uint8_t*>(call.scratch);
  for (std::int64_t row = 0; row < call.rows; row += kTileRows) {
    const bool two = row + 1 < call.rows;
    gather_row(call, row, shape.steps, pixels);
    if (two) {
      gather_row(call, row + 1, shape.steps, pixels + shape.steps * kStep);
    }
    for (std::int64_t j = 0; j < shape.channels; j += kPanel) {
      const std::int8_t* weights = packed + j * shape.steps * kStep;
      if (two) {
        tile<2>(shape.steps, weights, pixels, j, row, output);
      } else {
        tile<1>(shape.steps, weights, pixels, j, row, output);
      }
    }
  }
}

void bits(const LinearCall& call, std::uint64_t* out) {
  // The kernel writes half words: the last one may have no other half.
  const std::int64_t last = (call.outputs + 63) / 64 - 1;
  for (std::int64_t row = 0; row < call.rows; ++row) {
    out[row * call.out_stride + last] = 0;
  }
  run(call, ToBits{static_cast<const std::int32_t*>(call.thresholds), out,
                   call.out_stride});
}

void sums(const LinearCall& call, std::int32_t* out) {
  run(call, ToSums{out, call.out_stride, call.outputs});
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

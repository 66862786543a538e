// Sums of products with output channels across the lanes of AVX-512 vectors, so
// there are no horizontal sums. One vector holds a step of 16 channels: 32 bits
// of their weights or 4 bytes; each 32-bit word of the input is broadcast.
// Weights are packed in panels of 64 channels, [steps][64] words; the last
// panel is as narrow as 16, 32 or 48 channels. Sums count downwards, so a bit
// of the output is "sum <= limit"; the four masks of a panel are a word.
//
// A Product says what one step adds:
//   static __m512i add(__m512i sum, __m512i x, __m512i w)
//
// Everything is in an unnamed namespace: each file that includes this compiles
// it with its own flags (kernel.h).
#pragma once

#include <immintrin.h>

#include "signet/runtime/kernels/kernel.h"

namespace signet::runtime {
namespace {

constexpr std::int64_t kLanes = 16;  // channels in a vector
constexpr std::int64_t kPanel = 64;  // channels in a panel
constexpr int kTileRows = 4;         // rows of a batch at once,
constexpr int kRowPanels = 2;        // panels of a single row

std::int64_t whole_vectors(std::int64_t outputs) {
  return (outputs + kLanes - 1) / kLanes * kLanes;
}

/// What pack() lays out, each part in whole vectors.
struct Panels {
  std::int64_t steps;      // of a row of inputs
  std::int64_t channels;   // outputs, up to a whole vector
  std::int32_t* bases;     // [channels]
  std::int32_t* shift;     // s = base - (sum << shift)
  std::uint32_t* weights;  // panels

  std::int64_t panel_width(std::int64_t channel) const {
    const std::int64_t left = channels - channel;
    return left < kPanel ? left : kPanel;
  }
  /// The weights of a channel: words for each step, panel_width() apart.
  std::uint32_t* column(std::int64_t channel) const {
    const std::int64_t first = channel / kPanel * kPanel;
    return weights + first * steps + (channel - first);
  }
};

Panels view_panels(std::int64_t steps, std::int64_t outputs,
                   const void* packed) {
  const std::int64_t channels = whole_vectors(outputs);
  auto* bases = static_cast<std::int32_t*>(const_cast<void*>(packed));
  return {steps, channels, bases, bases + channels,
          reinterpret_cast<std::uint32_t*>(bases + channels + kLanes)};
}

std::size_t panel_bytes(std::int64_t steps, std::int64_t outputs) {
  return 4 * (whole_vectors(outputs) * (1 + steps) + kLanes);
}

/// The rows that a tile reads, and the first one's number for the output.
struct Rows {
  const char* input;
  std::int64_t stride;          // bytes
  std::int64_t segments;        // of a row,
  std::int64_t segment_steps;   // steps in each,
  std::int64_t segment_stride;  // bytes from one to the next
  std::int64_t first;
};

std::uint32_t load_word(const char* from) {
  std::uint32_t word;
  __builtin_memcpy(&word, from, sizeof(word));
  return word;
}

/// Compares sums with limits: a panel's masks are one output word.
struct ToBits {
  const std::int32_t* limits;
  std::uint64_t* out;
  std::int64_t stride;  // words

  template <int kRows, int kVectors, int kAll>
  void panel(const Panels&, std::int64_t channel, std::int64_t row,
             const __m512i (&sums)[kRows][kAll], int first) const {
    __m512i limit[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      limit[v] = _mm512_load_si512(limits + channel + v * kLanes);
    }
    for (int r = 0; r < kRows; ++r) {
      std::uint64_t word = 0;
      for (int v = 0; v < kVectors; ++v) {
        const std::uint64_t mask =
            _mm512_cmple_epi32_mask(sums[r][first + v], limit[v]);
        word |= mask << (v * kLanes);
      }
      out[(row + r) * stride + channel / kPanel] = word;
    }
  }
};

/// s = base - (sum << shift).
struct ToSums {
  std::int32_t* out;
  std::int64_t outputs;
  std::int64_t stride;

  template <int kRows, int kVectors, int kAll>
  void panel(const Panels& packed, std::int64_t channel, std::int64_t row,
             const __m512i (&sums)[kRows][kAll], int first) const {
    const __m128i shift = _mm_cvtsi32_si128(*packed.shift);
    for (int v = 0; v < kVectors; ++v) {
      const std::int64_t j = channel + v * kLanes;
      const std::int64_t left = outputs - j;
      const __mmask16 mask = left >= kLanes ? 0xffff : (1u << left) - 1;
      const __m512i base = _mm512_load_si512(packed.bases + j);
      for (int r = 0; r < kRows; ++r) {
        _mm512_mask_storeu_epi32(
            out + (row + r) * stride + j, mask,
            _mm512_sub_epi32(base,
                             _mm512_sll_epi32(sums[r][first + v], shift)));
      }
    }
  }
};

/// kRows rows times kPanels panels of kVectors vectors, from `channel` on.
template <class Product, int kRows, int kPanels, int kVectors, class Output>
void tile(const Panels& packed, std::int64_t channel, const Rows& rows,
          const Output& output) {
  constexpr int kWidth = kVectors * kLanes;
  const std::int64_t panel_words = kWidth * packed.steps;
  const std::uint32_t* weights = packed.weights + channel * packed.steps;
  __m512i sums[kRows][kPanels * kVectors];
  for (auto& row : sums) {
    for (auto& sum : row) sum = _mm512_setzero_si512();
  }
  const auto step = [&](const char* input) {
    __m512i x[kRows];
    for (int r = 0; r < kRows; ++r) {
      x[r] = _mm512_set1_epi32(
          static_cast<int>(load_word(input + r * rows.stride)));
    }
    for (int v = 0; v < kPanels * kVectors; ++v) {
      const __m512i w = _mm512_load_si512(weights + v / kVectors * panel_words +
                                          v % kVectors * kLanes);
      for (int r = 0; r < kRows; ++r) {
        sums[r][v] = Product::add(sums[r][v], x[r], w);
      }
    }
    weights += kWidth;
  };
  const char* segment = rows.input;
  std::int64_t i = 0;
  // In a whole tile the first step stands alone: it has nothing to add to.
  // Others are seldom run, and would only be longer.
  if constexpr (kRows == kTileRows && kVectors == 4) step(segment + 4 * i++);
  for (std::int64_t s = 0; s < rows.segments; ++s) {
    for (; i < rows.segment_steps; ++i) step(segment + 4 * i);
    segment += rows.segment_stride;
    i = 0;
  }
  for (int p = 0; p < kPanels; ++p) {
    output.template panel<kRows, kVectors>(packed, channel + p * kPanel,
                                           rows.first, sums, p * kVectors);
  }
}

/// One panel, `count` rows: kTileRows at a time, then what is left.
template <class Product, int kVectors, class Output>
void panel(const Panels& packed, std::int64_t channel, Rows rows,
           std::int64_t count, const Output& output) {
  for (; count >= kTileRows; count -= kTileRows) {
    tile<Product, kTileRows, 1, kVectors>(packed, channel, rows, output);
    rows.input += kTileRows * rows.stride;
    rows.first += kTileRows;
  }
  switch (count) {
    case 3:
      return tile<Product, 3, 1, kVectors>(packed, channel, rows, output);
    case 2:
      return tile<Product, 2, 1, kVectors>(packed, channel, rows, output);
    case 1:
      return tile<Product, 1, 1, kVectors>(packed, channel, rows, output);
  }
}

/// All panels. A panel of weights stays in the L1 cache while the rows pass.
template <class Product, class Output>
void all_panels(const Panels& packed, const Rows& rows, std::int64_t count,
                const Output& output) {
  std::int64_t channel = 0;
  if (count == 1) {
    constexpr std::int64_t kStep = kRowPanels * kPanel;
    for (; channel + kStep <= packed.channels; channel += kStep) {
      tile<Product, 1, kRowPanels, 4>(packed, channel, rows, output);
    }
  }
  for (; channel + kPanel <= packed.channels; channel += kPanel) {
    panel<Product, 4>(packed, channel, rows, count, output);
  }
  switch ((packed.channels - channel) / kLanes) {
    case 3:
      return panel<Product, 3>(packed, channel, rows, count, output);
    case 2:
      return panel<Product, 2>(packed, channel, rows, count, output);
    case 1:
      return panel<Product, 1>(packed, channel, rows, count, output);
  }
}

}  // namespace
}  // namespace signet::runtime

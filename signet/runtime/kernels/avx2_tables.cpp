// The AVX2 level for many 8-bit pixels: tables over groups of four pixels.
//
// For w in {-1,+1}, s = 2 p - t, with p the sum of the pixels under +1 weights
// and t the sum of all. Four pixels have 16 partial sums p of at most 1020,
// kept as 32 h + l in two tables of 16 bytes, from which vpshufb picks those of
// 32 channels by their four weight bits. h and l are at most 31: eight groups
// are added in bytes, then widened to 16 bits. A widened sum of even channels
// is left with 256 times its odd neighbour's, known from the shifted one, which
// is taken off at the end.
//
// Weights: panels of 32 channels, [steps][4][32] bytes; a step is 32 pixels,
// groups of four 0, 2, 4, 6 in the lower halves, 1, 3, 5, 7 in the upper ones.
//
// Measured on one 3.7 GHz Zen 4 core, rows of 784 pixels, microseconds a row:
//                               1024 outputs, alone / in 64    200     64
//   these tables                         3.3 / 3.4              0.89   0.47
//   the same with spills (g++ -ftree-ter)  4.5 / 4.3
//   vpmaddubsw (avx2_windows.cpp)        7.9 / 5.6              1.19   0.38
#include "signet/runtime/kernels/avx2_pixels.h"
#include "signet/runtime/kernels/limits.h"

namespace signet::runtime {

extern const LinearKernel kAvx2Tables;

namespace {

constexpr std::int64_t kGroup = 4;   // pixels in a table
constexpr std::int64_t kGroups = 8;  // groups in a step
constexpr std::int64_t kStep = kGroups * kGroup;
constexpr std::int64_t kTable = 32;        // bytes: 16 of l, 16 of h
constexpr std::int64_t kMaxInputs = 8192;  // 2048 groups of 31 in 16 bits
constexpr int kTileRows = 2;

std::int64_t steps_for(std::int64_t inputs) {
  return (inputs + kStep - 1) / kStep;
}

bool takes(const LinearLayer& layer) {
  return layer.input == InputEncoding::pixels &&
         layer.inputs >= kAvx2TableInputs && layer.inputs <= kMaxInputs &&
         layer.outputs >= kAvx2TableOutputs;
}

std::size_t packed_bytes(const LinearLayer& layer) {
  return panels_of(layer.outputs) * kPanel * steps_for(layer.inputs) * 4;
}

/// Tables of kTileRows rows, then the pixels of one.
std::size_t scratch_bytes(const LinearLayer& layer) {
  return steps_for(layer.inputs) * (kTileRows * kGroups * kTable + kStep);
}

void pack(const LinearLayer& layer, void* packed) {
  const std::int64_t steps = steps_for(layer.inputs);
  const std::int64_t words = words_for(layer.inputs);
  auto* weights = static_cast<std::uint8_t*>(packed);
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    const std::uint64_t* row = layer.weights + j * words;
    std::uint8_t* column =
        weights + j / kPanel * kPanel * steps * 4 + j % kPanel;
    for (std::int64_t i = 0; i < (layer.inputs + 7) / 8; ++i) {
      column[i * kPanel] =
          static_cast<std::uint8_t>(row[i / 8] >> (8 * (i % 8)));
    }
  }
}

/// A row's tables, and the sum of its pixels.
struct Row {
  const std::uint8_t* tables;
  std::int32_t total;
};

/// Entry e of a table sums the pixels i of its group with bit i of e set.
Row build_tables(const std::uint8_t* pixels, std::int64_t steps,
                 std::uint8_t* tables) {
  // Entries 0 to 3 and 8 to 11, and the rest: the order that the two packs and
  // the permutation below undo.
  const __m256i outer =
      _mm256_setr_epi32(0x000000, 0x000001, 0x000100, 0x000101, 0x1000000,
                        0x1000001, 0x1000100, 0x1000101);
  const __m256i inner = _mm256_or_si256(outer, _mm256_set1_epi32(0x10000));
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i total = _mm256_setzero_si256();
  for (std::int64_t i = 0; i < steps * kGroups; ++i) {
    std::int32_t four;
    __builtin_memcpy(&four, pixels + i * kGroup, 4);
    const __m256i x = _mm256_set1_epi32(four);
    const __m256i p = _mm256_packus_epi32(
        _mm256_madd_epi16(_mm256_maddubs_epi16(x, outer), ones),
        _mm256_madd_epi16(_mm256_maddubs_epi16(x, inner), ones));
    const __m256i both = _mm256_packus_epi16(
        _mm256_and_si256(p, _mm256_set1_epi16(31)), _mm256_srli_epi16(p, 5));
    _mm256_store_si256(reinterpret_cast<__m256i*>(tables + i * kTable),
                       _mm256_permute4x64_epi64(both, 0xd8));
  }
  for (std::int64_t i = 0; i < steps; ++i) {
    const __m256i x =
        _mm256_load_si256(reinterpret_cast<const __m256i*>(pixels + i * kStep));
    total = _mm256_add_epi64(total, _mm256_sad_epu8(x, _mm256_setzero_si256()));
  }
  const __m128i two = _mm_add_epi64(_mm256_castsi256_si128(total),
                                    _mm256_extracti128_si256(total, 1));
  return {tables, _mm_cvtsi128_si32(two) + _mm_extract_epi32(two, 2)};
}

/// Sums of one table's entries for 32 channels: `mixed` adds even channels and
/// 256 times the odd ones, `odd` the odd ones.
struct Wide {
  __m256i mixed, odd;

  void clear() { mixed = odd = _mm256_setzero_si256(); }

  void add(__m256i bytes) {
    mixed = _mm256_add_epi16(mixed, bytes);
    odd = _mm256_add_epi16(odd, _mm256_srli_epi16(bytes, 8));
  }

  /// The channels in order, 8 a vector, as int32.
  void write(__m256i* to) const {
    const __m256i even = _mm256_sub_epi16(mixed, _mm256_slli_epi16(odd, 8));
    const __m256i low = _mm256_unpacklo_epi16(even, odd);
    const __m256i high = _mm256_unpackhi_epi16(even, odd);
    to[0] = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(low));
    to[1] = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(high));
    to[2] = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(low, 1));
    to[3] = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(high, 1));
  }
};

__m256i table(const std::uint8_t* from) {
  return _mm256_broadcastsi128_si256(
      _mm_load_si128(reinterpret_cast<const __m128i*>(from)));
}

/// kRows rows times kPanels panels.
template <int kRows, int kPanels, class Output>
void tile(std::int64_t steps, const std::uint8_t* weights, const Row* rows,
          std::int64_t channel, std::int64_t row, const Output& output) {
  Wide low[kRows][kPanels], high[kRows][kPanels];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kPanels; ++v) {
      low[r][v].clear();
      high[r][v].clear();
    }
  }
  const __m256i half = _mm256_set1_epi8(15);
  for (std::int64_t i = 0; i < steps; ++i) {
    __m256i l[kRows][kPanels], h[kRows][kPanels];
    for (int g = 0; g < kGroups; ++g) {
      __m256i index[kPanels];
      for (int v = 0; v < kPanels; ++v) {
        const __m256i two = _mm256_load_si256(reinterpret_cast<const __m256i*>(
            weights + ((v * steps + i) * 4 + g / 2) * kPanel));
        index[v] =
            _mm256_and_si256(g % 2 ? _mm256_srli_epi16(two, 4) : two, half);
      }
      for (int r = 0; r < kRows; ++r) {
        const std::uint8_t* from = rows[r].tables + (i * kGroups + g) * kTable;
        const __m256i table_l = table(from), table_h = table(from + 16);
        for (int v = 0; v < kPanels; ++v) {
          const __m256i found_l = _mm256_shuffle_epi8(table_l, index[v]);
          const __m256i found_h = _mm256_shuffle_epi8(table_h, index[v]);
          l[r][v] = g == 0 ? found_l : _mm256_add_epi8(l[r][v], found_l);
          h[r][v] = g == 0 ? found_h : _mm256_add_epi8(h[r][v], found_h);
        }
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kPanels; ++v) {
        low[r][v].add(l[r][v]);
        high[r][v].add(h[r][v]);
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    const __m256i total = _mm256_set1_epi32(rows[r].total);
    for (int v = 0; v < kPanels; ++v) {
      __m256i l[4], h[4];
      low[r][v].write(l);
      high[r][v].write(h);
      for (int q = 0; q < 4; ++q) {  // 2 (32 h + l) - t
        h[q] = _mm256_sub_epi32(_mm256_add_epi32(_mm256_slli_epi32(h[q], 6),
                                                 _mm256_slli_epi32(l[q], 1)),
                                total);
      }
      output.panel(channel + v * kPanel, row + r, h);
    }
  }
}

template <class Output>
void run(const LinearCall& call, const Output& output) {
  const std::int64_t steps = steps_for(call.inputs);
  const std::int64_t table_bytes = steps * kGroups * kTable;
  const auto* packed = static_cast<const std::uint8_t*>(call.packed);
  auto* tables = static_cast<std::uint8_t*>(call.scratch);
  std::uint8_t* pixels = tables + kTileRows * table_bytes;
  const std::int64_t channels = panels_of(call.outputs) * kPanel;
  for (std::int64_t row = 0; row < call.rows; row += kTileRows) {
    const std::int64_t left = call.rows - row;
    Row rows[kTileRows];
    for (int r = 0; r < (left < kTileRows ? left : kTileRows); ++r) {
      gather_row(call, row + r, steps * kStep, pixels);
      rows[r] = build_tables(pixels, steps, tables + r * table_bytes);
    }
    std::int64_t j = 0;
    if (left >= kTileRows) {
      for (; j < channels; j += kPanel) {
        tile<kTileRows, 1>(steps, packed + j * steps * 4, rows, j, row, output);
      }
    }
    for (; j + 2 * kPanel <= channels; j += 2 * kPanel) {
      tile<1, 2>(steps, packed + j * steps * 4, rows, j, row, output);
    }
    if (j < channels) {
      tile<1, 1>(steps, packed + j * steps * 4, rows, j, row, output);
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

const LinearKernel kAvx2Tables{"tables of 4 pixels, vpshufb, 32 channels",
                               takes,
                               packed_bytes,
                               threshold_bytes,
                               scratch_bytes,
                               pack,
                               pack_thresholds,
                               bits,
                               sums};

}  // namespace signet::runtime

// The AVX-512 level for 8-bit pixels: tables over groups of five pixels.
//
// For w in {-1,+1}, s = 2 p - t, with p the sum of the pixels under +1 weights
// and t the sum of all. Five pixels have 32 partial sums p: 16-bit entries of
// one vector, from which vpermw picks 32 channels' entries at once by the
// five weight bits of each. A 16-bit lane of the packed weights holds the bits
// of three groups (vpermw reads the low five bits, a shift brings the next), so
// the weights stay near 1 bit each. A sum of 51 groups fits in 16 bits
// (51 * 5 * 255 = 65025); then it is widened into 32-bit accumulators.
//
// Lane d of a vector of 32-bit sums holds channel d of 16: even 16-bit lanes
// carry the first 16 channels of 32 and odd lanes the last, so widening is a
// mask and a shift.
//
// Measured on one 3.3 GHz Zen 4 core, 784 pixels and 1024 outputs, time of one
// row alone / of a row in a batch of 64, in microseconds:
//   these tables                                       2.4 / 2.3
//   VPOPCNTDQ on the 8 bit planes of the pixels        5.7 / -
//   vpdpbusd, weights as byte masks from mask words    6.9 / 4.4
//   vpdpbusd, weights kept as bytes (802 KB)           7.7 / 4.7
//   vpdpbusd, weight bits by shift and mask           10.6 / 4.3
// Building the tables of a row is 0.2 of it.
#include <immintrin.h>

#include "signet/runtime/kernels/kernel.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {

extern const LinearKernel kAvx512Pixels;

namespace {

constexpr std::int64_t kGroup = 5;          // pixels in a table
constexpr std::int64_t kStep = 3 * kGroup;  // pixels in a 16-bit lane
constexpr std::int64_t kLanes = 32;         // channels in a vector
constexpr int kPanelVectors = 4;            // vectors in a panel
constexpr std::int64_t kPanel = kPanelVectors * kLanes;
constexpr std::int64_t kSegment = 65535 / (3 * kGroup * 255);  // 17 steps
constexpr int kTileRows = 2;

/// Sizes that follow from a layer's.
struct Shape {
  std::int64_t steps;     // 15 pixels each
  std::int64_t channels;  // outputs, up to a whole vector
};

Shape shape_of(std::int64_t inputs, std::int64_t outputs) {
  return {(inputs + kStep - 1) / kStep,
          (outputs + kLanes - 1) / kLanes * kLanes};
}

std::size_t packed_bytes(const LinearLayer& layer) {
  const Shape shape = shape_of(layer.inputs, layer.outputs);
  return shape.channels * 2 * shape.steps;
}

std::size_t threshold_bytes(const LinearLayer& layer) {
  return 4 * shape_of(0, layer.outputs).channels;
}

/// Table entry e holds pixel 4 if bit 0 of e is set, pixel i if bit i + 1 is:
/// the order in which build_tables() makes them.
std::uint16_t group_index(const std::uint64_t* row, std::int64_t inputs,
                          std::int64_t first) {
  std::uint16_t index = 0;
  for (std::int64_t i = 0; i < kGroup && first + i < inputs; ++i) {
    const std::int64_t k = first + i;
    const std::uint16_t bit = row[k / 64] >> (k % 64) & 1;
    index |= bit << (i == 4 ? 0 : i + 1);
  }
  return index;
}

/// Panels of 128 channels, [steps][vectors][32].
void pack(const LinearLayer& layer, void* packed) {
  const Shape shape = shape_of(layer.inputs, layer.outputs);
  auto* weights = static_cast<std::uint16_t*>(packed);
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    const std::uint64_t* row = layer.weights + j * words_for(layer.inputs);
    const std::int64_t first = j / kPanel * kPanel;
    const std::int64_t left = shape.channels - first;
    const std::int64_t width = left < kPanel ? left : kPanel;
    const std::int64_t in_vector = j % kLanes;
    const std::int64_t lane = in_vector % 16 * 2 + in_vector / 16;
    std::uint16_t* column =
        weights + first * shape.steps + (j - first) / kLanes * kLanes + lane;
    for (std::int64_t i = 0; i < shape.steps; ++i) {
      std::uint16_t word = 0;
      for (std::int64_t g = 0; g < 3; ++g) {
        word |= group_index(row, layer.inputs, i * kStep + g * kGroup)
                << (kGroup * g);
      }
      column[i * width] = word;
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

/// Scratch of kTileRows rows: the tables, then one row of pixels with zeros
/// around it, for build_tables() to read past both ends.
constexpr std::int64_t kMargin = 64;

std::int64_t row_bytes(const Shape& shape) {
  return kMargin + (shape.steps * kStep + 63) / 64 * 64 + kMargin;
}

std::int64_t table_bytes(const Shape& shape) { return shape.steps * 3 * 64; }

std::size_t scratch_bytes(const LinearLayer& layer) {
  const Shape shape = shape_of(layer.inputs, layer.outputs);
  return kTileRows * table_bytes(shape) + row_bytes(shape);
}

/// One row: its tables, and the sum of its pixels.
struct Row {
  const char* tables;
  std::int32_t total;
};

__m512i broadcast4(const std::uint8_t* pixels) {
  int four;
  __builtin_memcpy(&four, pixels, 4);
  return _mm512_set1_epi32(four);
}

/// Masks of vpmaddubsw: bytes 2e and 2e + 1 multiply the two pixels that entry
/// e gets from one broadcast of four. Even entries see the first two of the
/// four, odd entries the last two.
struct TableMasks {
  alignas(64) std::int8_t before[64];  // four from pixel -2 on
  alignas(64) std::int8_t here[64];    // four from pixel 0 on
  alignas(64) std::int8_t after[64];   // four from pixel 2 on
};

constexpr TableMasks table_masks() {
  TableMasks masks{};
  for (int e = 0; e < 32; ++e) {
    const std::int8_t p0 = e >> 1 & 1, p1 = e >> 2 & 1;
    const std::int8_t p2 = e >> 3 & 1, p3 = e >> 4 & 1;
    const bool odd = e & 1;
    masks.before[2 * e] = odd ? p0 : 0;
    masks.before[2 * e + 1] = odd ? p1 : 0;
    masks.here[2 * e] = odd ? p2 : p0;
    masks.here[2 * e + 1] = odd ? p3 : p1;
    masks.after[2 * e] = odd ? 1 : p2;  // pixel 4
    masks.after[2 * e + 1] = odd ? 0 : p3;
  }
  return masks;
}

constexpr TableMasks kMasks = table_masks();

/// Tables of all groups of a row: 32 16-bit sums each.
Row build_tables(const Shape& shape, const LinearCall& call,
                 std::int64_t number, std::uint8_t* padded, char* tables) {
  __builtin_memset(padded, 0, row_bytes(shape));
  std::uint8_t* row = padded + kMargin;
  const auto* segment =
      static_cast<const std::uint8_t*>(call.input) + number * call.row_stride;
  const std::int64_t length = call.inputs / call.segments;
  for (std::int64_t k = 0; k < call.inputs; k += length) {
    __builtin_memcpy(row + k, segment, length);
    segment += call.segment_stride;
  }
  __m512i total = _mm512_setzero_si512();
  for (std::int64_t k = 0; k < call.inputs; k += 64) {
    total = _mm512_add_epi64(total, _mm512_sad_epu8(_mm512_load_si512(row + k),
                                                    _mm512_setzero_si512()));
  }
  const __m512i before = _mm512_load_si512(kMasks.before);
  const __m512i here = _mm512_load_si512(kMasks.here);
  const __m512i after = _mm512_load_si512(kMasks.after);
  for (std::int64_t g = 0; g < 3 * shape.steps; ++g) {
    const std::uint8_t* at = row + g * kGroup;
    const __m512i table = _mm512_add_epi16(
        _mm512_add_epi16(_mm512_maddubs_epi16(broadcast4(at - 2), before),
                         _mm512_maddubs_epi16(broadcast4(at), here)),
        _mm512_maddubs_epi16(broadcast4(at + 2), after));
    _mm512_store_si512(tables + 64 * g, table);
  }
  return {tables, static_cast<std::int32_t>(_mm512_reduce_add_epi64(total))};
}

/// s_j >= t_j: 32 bits of the output at a time.
struct ToBits {
  const std::int32_t* thresholds;
  std::uint64_t* out;
  std::int64_t stride;  // words

  void vector(std::int64_t channel, std::int64_t row, __m512i low,
              __m512i high) const {
    const std::int32_t* t = thresholds + channel;
    const std::uint32_t mask =
        _mm512_cmpge_epi32_mask(low, _mm512_load_si512(t)) |
        static_cast<std::uint32_t>(
            _mm512_cmpge_epi32_mask(high, _mm512_load_si512(t + 16)))
            << 16;
    char* to = reinterpret_cast<char*>(out + row * stride) + channel / 8;
    __builtin_memcpy(to, &mask, 4);
  }
};

struct ToSums {
  std::int32_t* out;
  std::int64_t outputs;
  std::int64_t stride;

  void vector(std::int64_t channel, std::int64_t row, __m512i low,
              __m512i high) const {
    const std::int64_t left = outputs - channel;
    const __mmask32 mask = left >= kLanes ? 0xffffffff : (1u << left) - 1;
    std::int32_t* to = out + row * stride + channel;
    _mm512_mask_storeu_epi32(to, mask & 0xffff, low);
    _mm512_mask_storeu_epi32(to + 16, mask >> 16, high);
  }
};

/// kRows rows times kPanels panels of kVectors vectors, from `channel` on.
template <int kRows, int kPanels, int kVectors, class Output>
void tile(const Shape& shape, const std::uint16_t* packed, std::int64_t channel,
          const Row* rows, std::int64_t first_row, const Output& output) {
  constexpr int kAll = kPanels * kVectors;
  const std::int64_t panel_words = kVectors * kLanes * shape.steps;
  const std::uint16_t* weights = packed + channel * shape.steps;
  const __m512i low_half = _mm512_set1_epi32(0xffff);
  __m512i low[kRows][kAll], high[kRows][kAll];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kAll; ++v) {
      low[r][v] = high[r][v] = _mm512_setzero_si512();
    }
  }
  for (std::int64_t start = 0; start < shape.steps; start += kSegment) {
    const std::int64_t stop =
        start + kSegment < shape.steps ? start + kSegment : shape.steps;
    __m512i sums[kRows][kAll];
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kAll; ++v) sums[r][v] = _mm512_setzero_si512();
    }
    for (std::int64_t i = start; i < stop; ++i) {
      __m512i tables[kRows][3];
      for (int r = 0; r < kRows; ++r) {
        for (int g = 0; g < 3; ++g) {
          tables[r][g] = _mm512_load_si512(rows[r].tables + 64 * (3 * i + g));
        }
      }
      for (int v = 0; v < kAll; ++v) {
        __m512i index =
            _mm512_load_si512(weights + v / kVectors * panel_words +
                              i * kVectors * kLanes + v % kVectors * kLanes);
        for (int g = 0; g < 3; ++g) {
          for (int r = 0; r < kRows; ++r) {
            sums[r][v] = _mm512_add_epi16(
                sums[r][v], _mm512_permutexvar_epi16(index, tables[r][g]));
          }
          index = _mm512_srli_epi16(index, kGroup);
        }
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kAll; ++v) {
        low[r][v] =
            _mm512_add_epi32(low[r][v], _mm512_and_si512(sums[r][v], low_half));
        high[r][v] =
            _mm512_add_epi32(high[r][v], _mm512_srli_epi32(sums[r][v], 16));
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    const __m512i total = _mm512_set1_epi32(rows[r].total);
    for (int v = 0; v < kAll; ++v) {
      output.vector(channel + v * kLanes, first_row + r,
                    _mm512_sub_epi32(_mm512_slli_epi32(low[r][v], 1), total),
                    _mm512_sub_epi32(_mm512_slli_epi32(high[r][v], 1), total));
    }
  }
}

/// All panels for kRows rows.
template <int kRows, class Output>
void panels(const Shape& shape, const std::uint16_t* packed, const Row* rows,
            std::int64_t first_row, const Output& output) {
  std::int64_t channel = 0;
  if constexpr (kRows == 1) {  // as many accumulators as for two rows
    for (; channel + 2 * kPanel <= shape.channels; channel += 2 * kPanel) {
      tile<1, 2, 4>(shape, packed, channel, rows, first_row, output);
    }
  }
  for (; channel + kPanel <= shape.channels; channel += kPanel) {
    tile<kRows, 1, 4>(shape, packed, channel, rows, first_row, output);
  }
  switch ((shape.channels - channel) / kLanes) {
    case 3:
      return tile<kRows, 1, 3>(shape, packed, channel, rows, first_row, output);
    case 2:
      return tile<kRows, 1, 2>(shape, packed, channel, rows, first_row, output);
    case 1:
      return tile<kRows, 1, 1>(shape, packed, channel, rows, first_row, output);
  }
}

template <class Output>
void run(const LinearCall& call, const Output& output) {
  const Shape shape = shape_of(call.inputs, call.outputs);
  const auto* packed = static_cast<const std::uint16_t*>(call.packed);
  char* tables = static_cast<char*>(call.scratch);
  auto* padded =
      reinterpret_cast<std::uint8_t*>(tables + kTileRows * table_bytes(shape));
  for (std::int64_t first = 0; first < call.rows; first += kTileRows) {
    const bool pair = first + 1 < call.rows;
    Row rows[kTileRows];
    for (int r = 0; r < (pair ? 2 : 1); ++r) {
      rows[r] = build_tables(shape, call, first + r, padded,
                             tables + r * table_bytes(shape));
    }
    if (pair) {
      panels<2>(shape, packed, rows, first, output);
    } else {
      panels<1>(shape, packed, rows, first, output);
    }
  }
}

void bits(const LinearCall& call, std::uint64_t* out) {
  // The kernel writes half words: the last one may have no other half.
  std::uint64_t* last = out + words_for(call.outputs) - 1;
  for (std::int64_t row = 0; row < call.rows; ++row) {
    last[row * call.out_stride] = 0;
  }
  run(call, ToBits{static_cast<const std::int32_t*>(call.thresholds), out,
                   call.out_stride});
}

void sums(const LinearCall& call, std::int32_t* out) {
  run(call, ToSums{out, call.outputs, call.out_stride});
}

bool takes(const LinearLayer& layer) {
  return layer.input == InputEncoding::pixels;
}

}  // namespace

const LinearKernel kAvx512Pixels{
    "tables of 5 pixels, vpermw, 32 channels a "
    "vector",
    takes,
    packed_bytes,
    threshold_bytes,
    scratch_bytes,
    pack,
    pack_thresholds,
    bits,
    sums};

}  // namespace signet::runtime

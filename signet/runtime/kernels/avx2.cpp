// The AVX2 level for binary inputs: mismatches counted by tables, no xor.
//
// For every 4 bits of an input row there is a table of 16 bytes, T[i] =
// popcount(i ^ bits): vpshufb looks up the same 4 bits of the weights of 32
// output channels at once. Its entries, 0 to 4, leave room for a second row
// in the upper half of each byte: a table belongs to 4 bits of two rows, so
// one lookup counts for both. The 256 tables are constants; a call turns every
// pair of rows into offsets of tables once, for all channels.
//
// Three lookups can be added before a half overflows (3 * 4 < 16). Their sum
// g = low + 16 high goes into two counters of bytes, without being taken apart:
// `mixed` adds g and `upper` adds g >> 4. The shift moves 16 bits, so that an
// even byte of `upper` has 16 times the low half of its odd neighbour in it;
// modulo 256 both are undone once in 240 inputs, when the counters, at most 240
// each, are widened to 16 bits.
//
// Weights: panels of 32 channels, [steps][3][32] bytes; a step is 24 inputs,
// groups of four 0 to 2 in the lower halves and 3 to 5 in the upper ones.
//
// Measured on one 3.7 GHz Zen 4 core, 64x1024x1024, GMAC/s, GCC 12; tiles are
// rows x channels:
//   this, 4 x 32 (nothing spilled) / 4 x 64 / 8 x 32   712 / 675 / 662
//   the same with each pair's tables copied in a row   765 / 727 / 741
//   8 x 32 with copied tables, clang 14                809
//   4 x 32, `upper` masked each time                   685
//   xor, two vpshufb of popcounts: 8 instructions for 256 products, at most
//     4 a cycle                                        472
// Copied tables lose where there are few channels, as in convolutions.
#include <immintrin.h>

#include "signet/runtime/kernels/kernel.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {

// Constants are private to their files without this.
extern const Level kAvx2Level;
extern const LinearKernel kAvx2Tables;   // avx2_tables.cpp
extern const LinearKernel kAvx2Windows;  // avx2_windows.cpp
extern const RealKernel kAvx2Real;       // avx2_real.cpp

namespace {

constexpr std::int64_t kLanes = 32;         // channels in a panel, a vector
constexpr std::int64_t kStep = 24;          // inputs in a step
constexpr std::int64_t kGroups = 6;         // groups of four in a step
constexpr std::int64_t kBlock = 10;         // steps until counters are widened
constexpr std::int64_t kRowsAtOnce = 16;    // rows whose offsets are in scratch
constexpr std::int64_t kMaxInputs = 65534;  // counts of 16 bits, and one above

struct Tables {
  alignas(64) std::uint8_t entries[256][16];
};

/// Entry i for the bits (b, a): popcount(i ^ a) + scale * popcount(i ^ b).
constexpr Tables make_tables(int scale) {
  Tables tables{};
  for (int bits = 0; bits < 256; ++bits) {
    for (int i = 0; i < 16; ++i) {
      tables.entries[bits][i] = static_cast<std::uint8_t>(
          __builtin_popcount(i ^ (bits & 15)) +
          scale * __builtin_popcount(i ^ (bits >> 4)));
    }
  }
  return tables;
}

constexpr Tables kPairTables = make_tables(16);
constexpr Tables kRowTables = make_tables(0);

/// Sizes that follow from a layer's.
struct Shape {
  std::int64_t steps;
  std::int64_t channels;  // outputs, up to a whole panel
  std::int64_t offsets;   // of a row or a pair, up to whole vectors
};

Shape shape_of(std::int64_t inputs, std::int64_t outputs) {
  // Whole words of inputs, and what the last step reads past them.
  const std::int64_t offsets = words_for(inputs) * 16 + kGroups;
  return {(inputs + kStep - 1) / kStep,
          (outputs + kLanes - 1) / kLanes * kLanes, (offsets + 31) / 32 * 32};
}

/// What pack() lays out, each part aligned to 32.
struct Packed {
  std::int32_t* bases;    // [channels]
  std::int32_t* shift;    // 1 for signs, 0 for bits: s = base - (c << shift)
  std::uint8_t* weights;  // panels
};

Packed view(const Shape& shape, const void* packed) {
  auto* base = static_cast<std::int32_t*>(const_cast<void*>(packed));
  return {base, base + shape.channels,
          reinterpret_cast<std::uint8_t*>(base + shape.channels + 8)};
}

bool takes(const LinearLayer& layer) {
  return layer.input != InputEncoding::pixels && layer.inputs <= kMaxInputs;
}

std::size_t packed_bytes(const LinearLayer& layer) {
  const Shape shape = shape_of(layer.inputs, layer.outputs);
  return 4 * (shape.channels + 8) + shape.channels * shape.steps * 3;
}

std::size_t threshold_bytes(const LinearLayer& layer) {
  return 2 * shape_of(layer.inputs, layer.outputs).channels;
}

std::size_t scratch_bytes(const LinearLayer& layer) {
  const Shape shape = shape_of(layer.inputs, layer.outputs);
  return kRowsAtOnce / 2 * shape.offsets * sizeof(std::uint16_t);
}

/// Weights k to k + 3 of a row; those past the end are 0.
std::uint8_t group_of(const std::uint64_t* row, std::int64_t inputs,
                      std::int64_t k) {
  return k < inputs ? row[k / 64] >> (k % 64) & 15 : 0;
}

void pack(const LinearLayer& layer, void* packed) {
  const Shape shape = shape_of(layer.inputs, layer.outputs);
  const Packed to = view(shape, packed);
  *to.shift = layer.input == InputEncoding::signs ? 1 : 0;
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    to.bases[j] = count_rule(layer, j).base;
    const std::uint64_t* row = layer.weights + j * words_for(layer.inputs);
    std::uint8_t* column =
        to.weights + j / kLanes * kLanes * shape.steps * 3 + j % kLanes;
    for (std::int64_t i = 0; i < shape.steps * 3; ++i) {
      const std::int64_t k = i / 3 * kStep + i % 3 * 4;
      column[i * kLanes] =
          static_cast<std::uint8_t>(group_of(row, layer.inputs, k) |
                                    group_of(row, layer.inputs, k + 12) << 4);
    }
  }
}

/// One more than the limit of the count, 0 for never; of every 32 channels the
/// even ones first.
void pack_thresholds(const LinearLayer& layer, const std::int32_t* thresholds,
                     void* packed) {
  auto* above = static_cast<std::uint16_t*>(packed);
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    const std::int64_t lane = j % kLanes;
    above[j - lane + lane % 2 * 16 + lane / 2] =
        static_cast<std::uint16_t>(count_limit(layer, j, thresholds[j]) + 1);
  }
}

/// Counts of 32 channels, 16 bits each.
struct Counts {
  __m256i even, odd;
};

/// Compares counts with limits: a panel's bits are half an output word.
struct ToBits {
  const std::uint16_t* above;
  std::uint64_t* out;
  std::int64_t stride;

  void panel(std::int64_t channel, std::int64_t row,
             const Counts& counts) const {
    const auto* limits = reinterpret_cast<const __m256i*>(above + channel);
    // All ones where the count is not below; bytes of even and odd lanes.
    const __m256i even = _mm256_cmpeq_epi16(
        _mm256_subs_epu16(_mm256_load_si256(limits), counts.even),
        _mm256_setzero_si256());
    const __m256i odd = _mm256_cmpeq_epi16(
        _mm256_subs_epu16(_mm256_load_si256(limits + 1), counts.odd),
        _mm256_setzero_si256());
    const std::uint32_t word =
        ~static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_or_si256(
            _mm256_srli_epi16(even, 8), _mm256_slli_epi16(odd, 8))));
    __builtin_memcpy(reinterpret_cast<char*>(out + row * stride) + channel / 8,
                     &word, 4);
  }
};

/// s = base - (count << shift).
struct ToSums {
  Packed packed;
  std::int32_t* out;
  std::int64_t stride;
  std::int64_t outputs;

  void panel(std::int64_t channel, std::int64_t row,
             const Counts& counts) const {
    const __m256i low = _mm256_unpacklo_epi16(counts.even, counts.odd);
    const __m256i high = _mm256_unpackhi_epi16(counts.even, counts.odd);
    const __m128i eights[4] = {
        _mm256_castsi256_si128(low), _mm256_castsi256_si128(high),
        _mm256_extracti128_si256(low, 1), _mm256_extracti128_si256(high, 1)};
    const __m128i shift = _mm_cvtsi32_si128(*packed.shift);
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    for (int i = 0; i < 4; ++i) {
      const std::int64_t j = channel + 8 * i;
      if (j >= outputs) return;
      const __m256i count = _mm256_cvtepu16_epi32(eights[i]);
      const __m256i base =
          _mm256_load_si256(reinterpret_cast<const __m256i*>(packed.bases + j));
      const int left = static_cast<int>(outputs - j < 8 ? outputs - j : 8);
      _mm256_maskstore_epi32(
          out + row * stride + j,
          _mm256_cmpgt_epi32(_mm256_set1_epi32(left), lanes),
          _mm256_sub_epi32(base, _mm256_sll_epi32(count, shift)));
    }
  }
};

__m256i table(const Tables& tables, std::uint16_t offset) {
  return _mm256_broadcastsi128_si256(
      _mm_load_si128(reinterpret_cast<const __m128i*>(
          reinterpret_cast<const std::uint8_t*>(tables.entries) + offset)));
}

__m256i load(const std::uint8_t* from) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
}

__m256i lower_half(__m256i x) {
  return _mm256_and_si256(x, _mm256_set1_epi8(15));
}

__m256i low_byte(__m256i x) {
  return _mm256_and_si256(x, _mm256_set1_epi16(255));
}

/// Takes the counters of a pair apart and adds them to the rows' counts.
void widen(__m256i mixed, __m256i upper, Counts& first, Counts& second) {
  const __m256i odd2 = _mm256_srli_epi16(upper, 8);
  const __m256i odd1 = low_byte(_mm256_sub_epi16(_mm256_srli_epi16(mixed, 8),
                                                 _mm256_slli_epi16(odd2, 4)));
  const __m256i even2 =
      low_byte(_mm256_sub_epi16(upper, _mm256_slli_epi16(odd1, 4)));
  const __m256i even1 =
      low_byte(_mm256_sub_epi16(mixed, _mm256_slli_epi16(even2, 4)));
  first.even = _mm256_add_epi16(first.even, even1);
  first.odd = _mm256_add_epi16(first.odd, odd1);
  second.even = _mm256_add_epi16(second.even, even2);
  second.odd = _mm256_add_epi16(second.odd, odd2);
}

/// Panels of weights from a channel on, and rows or pairs of rows as offsets.
struct Operands {
  const std::uint8_t* weights;
  std::int64_t panel_bytes;
  const std::uint16_t* offsets;
  std::int64_t offset_stride;
  std::int64_t steps;
};

/// kPairs pairs of rows times kPanels panels.
template <int kPairs, int kPanels, class Output>
void pair_tile(const Operands& in, std::int64_t channel, std::int64_t row,
               const Output& output) {
  Counts counts[kPairs][kPanels][2];
  for (auto& pair : counts) {
    for (auto& panel : pair) {
      for (Counts& count : panel) {
        count.even = count.odd = _mm256_setzero_si256();
      }
    }
  }
  for (std::int64_t start = 0; start < in.steps; start += kBlock) {
    const std::int64_t stop =
        start + kBlock < in.steps ? start + kBlock : in.steps;
    __m256i mixed[kPairs][kPanels], upper[kPairs][kPanels];
    for (int p = 0; p < kPairs; ++p) {
      for (int v = 0; v < kPanels; ++v) {
        mixed[p][v] = upper[p][v] = _mm256_setzero_si256();
      }
    }
    for (std::int64_t i = start; i < stop; ++i) {
      for (int half = 0; half < 2; ++half) {
        __m256i sum[kPairs][kPanels];
        for (int q = 0; q < 3; ++q) {
          __m256i index[kPanels];
          for (int v = 0; v < kPanels; ++v) {
            const __m256i both =
                load(in.weights + v * in.panel_bytes + (i * 3 + q) * kLanes);
            index[v] = lower_half(half ? _mm256_srli_epi16(both, 4) : both);
          }
          for (int p = 0; p < kPairs; ++p) {
            const __m256i counting = table(
                kPairTables,
                in.offsets[p * in.offset_stride + i * kGroups + half * 3 + q]);
            for (int v = 0; v < kPanels; ++v) {
              const __m256i found = _mm256_shuffle_epi8(counting, index[v]);
              sum[p][v] = q == 0 ? found : _mm256_add_epi8(sum[p][v], found);
            }
          }
        }
        for (int p = 0; p < kPairs; ++p) {
          for (int v = 0; v < kPanels; ++v) {
            mixed[p][v] = _mm256_add_epi8(mixed[p][v], sum[p][v]);
            upper[p][v] =
                _mm256_add_epi8(upper[p][v], _mm256_srli_epi16(sum[p][v], 4));
          }
        }
      }
    }
    for (int p = 0; p < kPairs; ++p) {
      for (int v = 0; v < kPanels; ++v) {
        widen(mixed[p][v], upper[p][v], counts[p][v][0], counts[p][v][1]);
      }
    }
  }
  for (int p = 0; p < kPairs; ++p) {
    for (int v = 0; v < kPanels; ++v) {
      for (int r = 0; r < 2; ++r) {
        output.panel(channel + v * kLanes, row + 2 * p + r, counts[p][v][r]);
      }
    }
  }
}

/// One row times kPanels panels.
template <int kPanels, class Output>
void row_tile(const Operands& in, std::int64_t channel, std::int64_t row,
              const Output& output) {
  Counts counts[kPanels];
  for (Counts& count : counts) count.even = count.odd = _mm256_setzero_si256();
  for (std::int64_t start = 0; start < in.steps; start += kBlock) {
    const std::int64_t stop =
        start + kBlock < in.steps ? start + kBlock : in.steps;
    __m256i sum[kPanels];
    for (__m256i& one : sum) one = _mm256_setzero_si256();
    for (std::int64_t i = start; i < stop; ++i) {
      for (int q = 0; q < 3; ++q) {
        const std::uint16_t* offset = in.offsets + i * kGroups + q;
        const __m256i low = table(kRowTables, offset[0]);
        const __m256i high = table(kRowTables, offset[3]);
        for (int v = 0; v < kPanels; ++v) {
          const __m256i both =
              load(in.weights + v * in.panel_bytes + (i * 3 + q) * kLanes);
          sum[v] = _mm256_add_epi8(sum[v],
                                   _mm256_shuffle_epi8(low, lower_half(both)));
          sum[v] = _mm256_add_epi8(
              sum[v], _mm256_shuffle_epi8(
                          high, lower_half(_mm256_srli_epi16(both, 4))));
        }
      }
    }
    for (int v = 0; v < kPanels; ++v) {
      counts[v].even = _mm256_add_epi16(counts[v].even, low_byte(sum[v]));
      counts[v].odd =
          _mm256_add_epi16(counts[v].odd, _mm256_srli_epi16(sum[v], 8));
    }
  }
  for (int v = 0; v < kPanels; ++v) {
    output.panel(channel + v * kLanes, row, counts[v]);
  }
}

/// Offsets of the tables for a row's groups of four, and for those of a second
/// row if there is one, with zeros behind them for the last step.
void write_offsets(const LinearCall& call, std::int64_t row, bool pair,
                   std::uint16_t* offsets) {
  const std::int64_t words = words_for(call.inputs) / call.segments;
  const __m128i lower = _mm_set1_epi8(15);
  for (std::int64_t s = 0; s < call.segments; ++s) {
    const char* first = static_cast<const char*>(call.input) +
                        row * call.row_stride + s * call.segment_stride;
    for (std::int64_t i = 0; i < words; ++i) {
      const __m128i a =
          _mm_loadl_epi64(reinterpret_cast<const __m128i*>(first + 8 * i));
      const __m128i b = pair ? _mm_loadl_epi64(reinterpret_cast<const __m128i*>(
                                   first + call.row_stride + 8 * i))
                             : _mm_setzero_si128();
      const __m128i even =
          _mm_or_si128(_mm_and_si128(a, lower),
                       _mm_andnot_si128(lower, _mm_slli_epi16(b, 4)));
      const __m128i odd =
          _mm_or_si128(_mm_and_si128(_mm_srli_epi16(a, 4), lower),
                       _mm_andnot_si128(lower, b));
      const __m256i tables = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(even, odd));
      _mm256_store_si256(reinterpret_cast<__m256i*>(offsets),
                         _mm256_slli_epi16(tables, 4));
      offsets += 16;
    }
  }
  _mm_store_si128(reinterpret_cast<__m128i*>(offsets), _mm_setzero_si128());
}

/// All panels. A panel of weights stays in the L1 cache while the rows pass.
template <class Output>
void run(const LinearCall& call, const Output& output) {
  const Shape shape = shape_of(call.inputs, call.outputs);
  const Packed packed = view(shape, call.packed);
  auto* scratch = static_cast<std::uint16_t*>(call.scratch);
  const std::int64_t panel_bytes = kLanes * shape.steps * 3;
  for (std::int64_t first = 0; first < call.rows; first += kRowsAtOnce) {
    const std::int64_t left = call.rows - first;
    const std::int64_t rows = left < kRowsAtOnce ? left : kRowsAtOnce;
    for (std::int64_t r = 0; r < rows; r += 2) {
      write_offsets(call, first + r, r + 1 < rows,
                    scratch + r / 2 * shape.offsets);
    }
    const auto operands = [&](std::int64_t channel, std::int64_t row) {
      return Operands{packed.weights + channel * shape.steps * 3, panel_bytes,
                      scratch + row / 2 * shape.offsets, shape.offsets,
                      shape.steps};
    };
    for (std::int64_t j = 0; j < shape.channels; j += kLanes) {
      for (std::int64_t r = 0; r + 4 <= rows; r += 4) {
        pair_tile<2, 1>(operands(j, r), j, first + r, output);
      }
    }
    if (rows % 4 >= 2) {
      const std::int64_t r = rows / 4 * 4;
      std::int64_t j = 0;
      for (; j + 2 * kLanes <= shape.channels; j += 2 * kLanes) {
        pair_tile<1, 2>(operands(j, r), j, first + r, output);
      }
      if (j < shape.channels) {
        pair_tile<1, 1>(operands(j, r), j, first + r, output);
      }
    }
    if (rows % 2 == 1) {
      const std::int64_t r = rows - 1;
      std::int64_t j = 0;
      for (; j + 4 * kLanes <= shape.channels; j += 4 * kLanes) {
        row_tile<4>(operands(j, r), j, first + r, output);
      }
      for (; j < shape.channels; j += kLanes) {
        row_tile<1>(operands(j, r), j, first + r, output);
      }
    }
  }
}

void bits(const LinearCall& call, std::uint64_t* out) {
  // The kernel writes half words: the last one may have no other half.
  const std::int64_t last = words_for(call.outputs) - 1;
  for (std::int64_t row = 0; row < call.rows; ++row) {
    out[row * call.out_stride + last] = 0;
  }
  run(call, ToBits{static_cast<const std::uint16_t*>(call.thresholds), out,
                   call.out_stride});
}

void sums(const LinearCall& call, std::int32_t* out) {
  const Shape shape = shape_of(call.inputs, call.outputs);
  run(call,
      ToSums{view(shape, call.packed), out, call.out_stride, call.outputs});
}

bool supported() { return __builtin_cpu_supports("avx2"); }

constexpr LinearKernel kBinary{"tables of 2 x 4 bits, vpshufb, 32 channels",
                               takes,
                               packed_bytes,
                               threshold_bytes,
                               scratch_bytes,
                               pack,
                               pack_thresholds,
                               bits,
                               sums};

constexpr const LinearKernel* kKernels[] = {&kAvx2Tables, &kAvx2Windows,
                                            &kBinary, nullptr};

}  // namespace

const Level kAvx2Level{Isa::avx2, supported, kKernels, nullptr, &kAvx2Real};

}  // namespace signet::runtime

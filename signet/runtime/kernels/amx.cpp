// The AMX level: int8 matrix products of operands that are bits in memory.
//
// Both operands are expanded just before their use. Rows of inputs become
// tiles of 16 rows of 64 bytes: +-1 of signs, 0 and 1 of bits, pixels as they
// are, 0 beyond the end of a row, so the products of that part count nothing.
// Weights become tiles of 64 inputs of 16 channels, +-1, in the order that the
// tile instructions want: four inputs of a channel side by side. Blocks of 2 x
// 2 tiles are multiplied at a time.
//
// Weights are read from what avx512vpopcnt.cpp (its layout: avx512_panels.h)
// and avx512vpopcnt_pixels.cpp packed, as are thresholds, and those kernels run
// the calls, or rest of a call, with fewer rows than pay for tiles. So one
// packed copy serves both.
//
// This file is compiled twice: for processors with AMX, and in
// tests/runtime/amx_emulated.cpp with functions in place of the instructions.
// It has not run on a processor with AMX, and its speed was not measured.
#include <immintrin.h>

#include "signet/runtime/kernels/amx_level.h"
#include "signet/runtime/kernels/kernel.h"
#include "signet/runtime/kernels/limits.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {

extern const LinearKernel kAmxBinary;
extern const LinearKernel kAmxPixels;
extern const LinearKernel kAvx512Binary;  // avx512vpopcnt.cpp
extern const LinearKernel kAvx512Pixels;  // avx512vpopcnt_pixels.cpp

namespace {

constexpr std::int64_t kTileRows = 16;
constexpr std::int64_t kTileBytes = 1024;  // 16 rows of 64
constexpr std::int64_t kColumns = 32;      // channels: two tiles
constexpr std::int64_t kDepth = 8;         // tiles of inputs whose weights are
                                           // expanded at once: 16 KiB
constexpr std::int64_t kPair = 2 * kTileBytes;
static_assert(kAmxChunkRows % (2 * kTileRows) == 0);
// A row of pixels is joined where weights and sums come later.
static_assert(kAmxMaxInputs + 128 <=
              kDepth * kPair + kAmxChunkRows * kColumns * 4);

/// The rows of all groups of a call, one after another.
class RowCursor {
 public:
  RowCursor(const LinearCall& call, std::int64_t first)
      : call_(call), group_(first / call.rows), row_(first % call.rows) {}

  void step() {
    if (++row_ < call_.rows) return;
    row_ = 0;
    ++group_;
  }
  const char* input() const {
    return static_cast<const char*>(call_.input) + group_ * call_.group_stride +
           row_ * call_.row_stride;
  }
  /// Words or int32s from the output of the first row.
  std::int64_t out() const {
    return group_ * call_.group_out_stride + row_ * call_.out_stride;
  }
  /// Rows to the end of the group.
  std::int64_t left() const { return call_.rows - row_; }

 private:
  const LinearCall& call_;
  std::int64_t group_, row_;
};

/// What LDTILECFG reads. All tiles are whole: fewer rows cost the same.
/// (A constant: g++ tells the instruction's asm of eight bytes only, and would
/// drop what it takes for dead stores to the rest of a variable.)
struct TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
alignas(64) constexpr TileConfig kConfig{};
static_assert(sizeof(kConfig) == 64);

/// Tiles are loaded by asm that does not say that it reads memory: what was
/// stored before must not move behind it.
void finish_stores() { __asm__ volatile("" ::: "memory"); }

std::int64_t round_up(std::int64_t n, std::int64_t unit) {
  return (n + unit - 1) / unit * unit;
}

std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

/// Scratch of a call.
struct Scratch {
  std::int8_t* inputs;   // [row tiles / 2][depth][2] tiles
  std::int8_t* weights;  // [kDepth][2] tiles
  std::int32_t* sums;    // [rows][kColumns]
};

std::size_t tile_scratch_bytes(std::int64_t depth) {
  return kAmxChunkRows / kTileRows * depth * kTileBytes + kDepth * kPair +
         kAmxChunkRows * kColumns * 4;
}

Scratch scratch_of(void* scratch, std::int64_t depth) {
  auto* inputs = static_cast<std::int8_t*>(scratch);
  std::int8_t* weights =
      inputs + kAmxChunkRows / kTileRows * depth * kTileBytes;
  return {inputs, weights,
          reinterpret_cast<std::int32_t*>(weights + kDepth * kPair)};
}

/// One 32-bit word of weights of 16 channels to half a tile, 8 rows: row r
/// holds bits 4 r .. 4 r + 3 of each channel as bytes +-1.
void expand_weights(__m512i words, std::int8_t* to) {
  // Byte b of a pair of channels has to begin with bit 32 (b / 4) + b % 4.
  __m512i shifts = _mm512_set1_epi64(0x2322212003020100);
  // Bits 7..1 become !bit 0, bit 0 becomes 1: 0 gives -1, 1 gives +1.
  const __m512i sign = _mm512_set1_epi64(0x0001010101010101);
  for (int r = 0; r < 8; ++r) {
    const __m512i bits = _mm512_multishift_epi64_epi8(shifts, words);
    _mm512_store_si512(to + 64 * r,
                       _mm512_gf2p8affine_epi64_epi8(bits, sign, 0xff));
    shifts = _mm512_add_epi8(shifts, _mm512_set1_epi8(4));
  }
}

/// Signs and bits. A tile is 64 inputs deep, one word of a row.
struct Binary {
  static constexpr bool kUnsigned = false;  // bytes of inputs
  static constexpr std::int64_t kPanel = 64;
  static constexpr std::int64_t kLanes = 16;

  static std::int64_t depth(std::int64_t inputs) { return words_for(inputs); }
  static std::int64_t channels(std::int64_t outputs) {
    return round_up(outputs, kLanes);
  }

  explicit Binary(const LinearCall& call)
      : call(call),
        steps((call.inputs + 31) / 32),
        bases(static_cast<const std::int32_t*>(call.packed)),
        shift(bases[channels(call.outputs)]),
        weights(reinterpret_cast<const std::uint32_t*>(
            bases + channels(call.outputs) + kLanes)) {}

  /// A row of inputs to one row of each of its tiles.
  void expand_row(const char* segment, std::int8_t*, std::int8_t* to) const {
    const __m512i one = _mm512_set1_epi8(1);
    const __m512i zero = _mm512_set1_epi8(shift ? -1 : 0);  // of a bit 0
    const std::int64_t length = call.inputs / call.segments;
    for (std::int64_t s = 0; s < call.segments; ++s) {
      for (std::int64_t k = 0; k < length; k += 64) {
        std::uint64_t bits;
        __builtin_memcpy(&bits, segment + k / 8, 8);
        const std::uint64_t inside =
            length - k >= 64 ? ~std::uint64_t{0}
                             : (std::uint64_t{1} << (length - k)) - 1;
        const __m512i values = _mm512_mask_mov_epi8(zero, bits, one);
        _mm512_store_si512(to, _mm512_maskz_mov_epi8(inside, values));
        to += kPair;
      }
      segment += call.segment_stride;
    }
  }

  /// Weights of kCols x 16 channels, `first` on, to `count` pairs of tiles.
  template <int kCols>
  void expand_tiles(std::int64_t channel, std::int64_t first,
                    std::int64_t count, std::int8_t* to) const {
    const std::int64_t panel = channel / kPanel * kPanel;
    const std::int64_t width = smaller(kPanel, channels(call.outputs) - panel);
    const std::uint32_t* from = weights + panel * steps + (channel - panel);
    for (std::int64_t i = first; i < first + count; ++i, to += kPair) {
      for (int column = 0; column < kCols; ++column) {
        for (std::int64_t half = 0; half < 2; ++half) {
          // What an odd last word lacks meets inputs that are 0.
          const std::int64_t step = smaller(2 * i + half, steps - 1);
          const __m512i words =
              _mm512_load_si512(from + step * width + column * kLanes);
          expand_weights(words, to + column * kTileBytes + half * 512);
        }
      }
    }
  }

  /// What a sum must reach: the packed limits are of mismatches c, s = base -
  /// (c << shift), and -1 is a limit that none keeps.
  __m512i thresholds(std::int64_t channel) const {
    const __m512i limits = _mm512_load_si512(
        static_cast<const std::int32_t*>(call.thresholds) + channel);
    return _mm512_sub_epi32(_mm512_load_si512(bases + channel),
                            _mm512_sll_epi32(limits, _mm_cvtsi32_si128(shift)));
  }

  const LinearCall& call;
  std::int64_t steps;  // 32-bit words
  const std::int32_t* bases;
  std::int32_t shift;
  const std::uint32_t* weights;
};

/// Where the bytes of a tile's row of pixels come from: 15 of every 16, and of
/// five the last first, the order of bits in a lane of the packed weights.
struct PixelOrder {
  alignas(64) std::uint8_t of[64];
};

constexpr PixelOrder pixel_order() {
  PixelOrder order{};
  for (int i = 0; i < 64; ++i) {
    const int in_step = i % 16, in_group = in_step % 5;
    const int pixel = in_group == 0 ? 4 : in_group - 1;
    order.of[i] =
        static_cast<std::uint8_t>(i / 16 * 15 + in_step - in_group + pixel);
  }
  return order;
}

constexpr PixelOrder kOrder = pixel_order();

/// Pixels. A tile is 60 inputs deep: 4 steps of 15, whose bits lie in 16-bit
/// lanes of the packed weights, the last of them unused.
struct Pixels {
  static constexpr bool kUnsigned = true;
  static constexpr std::int64_t kPanel = 128;
  static constexpr std::int64_t kLanes = 32;
  static constexpr std::int64_t kStep = 15;
  static constexpr std::int64_t kStepsOfTile = 4;

  static std::int64_t steps_of(std::int64_t inputs) {
    return (inputs + kStep - 1) / kStep;
  }
  static std::int64_t depth(std::int64_t inputs) {
    return (steps_of(inputs) + kStepsOfTile - 1) / kStepsOfTile;
  }
  static std::int64_t channels(std::int64_t outputs) {
    return round_up(outputs, kLanes);
  }

  explicit Pixels(const LinearCall& call)
      : call(call),
        steps(steps_of(call.inputs)),
        weights(static_cast<const std::uint16_t*>(call.packed)) {}

  /// `joined` is room for a row of pixels, 60 to a tile, and 64 more.
  void expand_row(const char* segment, std::int8_t* joined,
                  std::int8_t* to) const {
    const std::int64_t tiles = depth(call.inputs);
    const std::int64_t padded = tiles * kStepsOfTile * kStep;
    const std::int64_t length = call.inputs / call.segments;
    for (std::int64_t k = 0; k < call.inputs; k += length) {
      __builtin_memcpy(joined + k, segment, length);
      segment += call.segment_stride;
    }
    __builtin_memset(joined + call.inputs, 0, padded - call.inputs + 64);
    const __m512i index = _mm512_load_si512(kOrder.of);
    for (std::int64_t i = 0; i < tiles; ++i) {
      const __m512i pixels = _mm512_loadu_si512(joined + i * 60);
      _mm512_store_si512(
          to + i * kPair,
          _mm512_maskz_permutexvar_epi8(0x7fff7fff7fff7fff, index, pixels));
    }
  }

  template <int kCols>
  void expand_tiles(std::int64_t channel, std::int64_t first,
                    std::int64_t count, std::int8_t* to) const {
    const std::int64_t panel = channel / kPanel * kPanel;
    const std::int64_t width = smaller(kPanel, channels(call.outputs) - panel);
    const std::uint16_t* from = weights + panel * steps + (channel - panel);
    const __m512i low = _mm512_set1_epi32(0xffff);
    for (std::int64_t i = first; i < first + count; ++i, to += kPair) {
      for (std::int64_t half = 0; half < 2; ++half) {
        // Steps beyond the last meet pixels that are 0.
        const std::int64_t step = kStepsOfTile * i + 2 * half;
        const __m512i a =
            _mm512_load_si512(from + smaller(step, steps - 1) * width);
        const __m512i b =
            _mm512_load_si512(from + smaller(step + 1, steps - 1) * width);
        // Low halves of lanes are 16 channels, high halves the next 16.
        expand_weights(
            _mm512_or_si512(_mm512_and_si512(a, low), _mm512_slli_epi32(b, 16)),
            to + half * 512);
        expand_weights(_mm512_or_si512(_mm512_srli_epi32(a, 16),
                                       _mm512_andnot_si512(low, b)),
                       to + kTileBytes + half * 512);
      }
    }
  }

  __m512i thresholds(std::int64_t channel) const {
    return _mm512_load_si512(static_cast<const std::int32_t*>(call.thresholds) +
                             channel);
  }

  const LinearCall& call;
  std::int64_t steps;
  const std::uint16_t* weights;
};

// The tile intrinsics want literals: 0..3 are sums, 4 and 5 inputs, 6 and 7
// weights.
template <bool kUnsigned, int kRows, int kCols>
void multiply() {
  if constexpr (kUnsigned) {
    _tile_dpbusd(0, 4, 6);
    if constexpr (kCols == 2) _tile_dpbusd(1, 4, 7);
    if constexpr (kRows == 2) _tile_dpbusd(2, 5, 6);
    if constexpr (kRows == 2 && kCols == 2) _tile_dpbusd(3, 5, 7);
  } else {
    _tile_dpbssd(0, 4, 6);
    if constexpr (kCols == 2) _tile_dpbssd(1, 4, 7);
    if constexpr (kRows == 2) _tile_dpbssd(2, 5, 6);
    if constexpr (kRows == 2 && kCols == 2) _tile_dpbssd(3, 5, 7);
  }
}

/// kRows x kCols tiles of sums, over `count` tiles of inputs. The first block
/// of inputs starts from 0.
template <bool kUnsigned, int kRows, int kCols>
void block(const std::int8_t* inputs, const std::int8_t* weights,
           std::int64_t count, bool first, std::int32_t* sums) {
  constexpr std::int64_t kStride = kColumns * 4;
  std::int32_t* below = sums + kTileRows * kColumns;
  if (first) {
    _tile_zero(0);
    if constexpr (kCols == 2) _tile_zero(1);
    if constexpr (kRows == 2) _tile_zero(2);
    if constexpr (kRows == 2 && kCols == 2) _tile_zero(3);
  } else {
    _tile_loadd(0, sums, kStride);
    if constexpr (kCols == 2) _tile_loadd(1, sums + 16, kStride);
    if constexpr (kRows == 2) _tile_loadd(2, below, kStride);
    if constexpr (kRows == 2 && kCols == 2) {
      _tile_loadd(3, below + 16, kStride);
    }
  }
  for (std::int64_t i = 0; i < count; ++i) {
    _tile_loadd(4, inputs + i * kPair, 64);
    _tile_loadd(6, weights + i * kPair, 64);
    if constexpr (kRows == 2) _tile_loadd(5, inputs + i * kPair + 1024, 64);
    if constexpr (kCols == 2) _tile_loadd(7, weights + i * kPair + 1024, 64);
    multiply<kUnsigned, kRows, kCols>();
  }
  _tile_stored(0, sums, kStride);
  if constexpr (kCols == 2) _tile_stored(1, sums + 16, kStride);
  if constexpr (kRows == 2) _tile_stored(2, below, kStride);
  if constexpr (kRows == 2 && kCols == 2) {
    _tile_stored(3, below + 16, kStride);
  }
}

/// s_j >= t_j of 32 channels: half a word of the output.
struct ToBits {
  std::uint64_t* out;

  /// Halves that no channel reaches are not written otherwise.
  void begin(const LinearCall& call, std::int64_t rows) const {
    RowCursor at(call, 0);
    for (; rows > 0; --rows, at.step()) {
      out[at.out() + words_for(call.outputs) - 1] = 0;
    }
  }

  template <int kCols, class Kind>
  void columns(const Kind& kind, std::int64_t channel, std::int64_t first,
               std::int64_t rows, const std::int32_t* sums) const {
    const std::int64_t left = kind.call.outputs - channel;
    const std::uint32_t inside = left >= 32 ? 0xffffffff : (1u << left) - 1;
    __m512i t[kCols];
    for (int c = 0; c < kCols; ++c) t[c] = kind.thresholds(channel + 16 * c);
    RowCursor at(kind.call, first);
    for (std::int64_t row = 0; row < rows; ++row, at.step()) {
      std::uint32_t mask = 0;
      for (int c = 0; c < kCols; ++c) {
        const __m512i s = _mm512_load_si512(sums + row * kColumns + 16 * c);
        mask |= static_cast<std::uint32_t>(_mm512_cmpge_epi32_mask(s, t[c]))
                << 16 * c;
      }
      mask &= inside;
      __builtin_memcpy(reinterpret_cast<char*>(out + at.out()) + channel / 8,
                       &mask, 4);
    }
  }
};

struct ToSums {
  std::int32_t* out;

  void begin(const LinearCall&, std::int64_t) const {}

  template <int kCols, class Kind>
  void columns(const Kind& kind, std::int64_t channel, std::int64_t first,
               std::int64_t rows, const std::int32_t* sums) const {
    RowCursor at(kind.call, first);
    for (std::int64_t row = 0; row < rows; ++row, at.step()) {
      std::int32_t* to = out + at.out() + channel;
      for (int c = 0; c < kCols; ++c) {
        const std::int64_t left = kind.call.outputs - channel - 16 * c;
        const __mmask16 mask = left >= 16  ? 0xffff
                               : left <= 0 ? 0
                                           : (1u << left) - 1;
        _mm512_mask_storeu_epi32(
            to + 16 * c, mask,
            _mm512_load_si512(sums + row * kColumns + 16 * c));
      }
    }
  }
};

/// kCols x 16 channels of a chunk of rows whose inputs are expanded.
template <int kCols, class Kind, class Output>
void columns(const Kind& kind, const Scratch& scratch, std::int64_t channel,
             std::int64_t first_row, std::int64_t rows, const Output& output) {
  const std::int64_t depth = Kind::depth(kind.call.inputs);
  for (std::int64_t i = 0; i < depth; i += kDepth) {
    const std::int64_t count = smaller(kDepth, depth - i);
    kind.template expand_tiles<kCols>(channel, i, count, scratch.weights);
    finish_stores();
    for (std::int64_t row = 0; row < rows; row += 2 * kTileRows) {
      const std::int8_t* inputs =
          scratch.inputs + row / kTileRows * depth * kTileBytes + i * kPair;
      std::int32_t* sums = scratch.sums + row * kColumns;
      if (rows - row > kTileRows) {
        block<Kind::kUnsigned, 2, kCols>(inputs, scratch.weights, count, i == 0,
                                         sums);
      } else {
        block<Kind::kUnsigned, 1, kCols>(inputs, scratch.weights, count, i == 0,
                                         sums);
      }
    }
  }
  output.template columns<kCols>(kind, channel, first_row, rows, scratch.sums);
}

/// `rows` rows of a call, some at a time.
template <class Kind, class Output>
void run(const LinearCall& call, std::int64_t rows, const Output& output) {
  const Kind kind(call);
  const std::int64_t depth = Kind::depth(call.inputs);
  const std::int64_t channels = Kind::channels(call.outputs);
  const Scratch scratch = scratch_of(call.scratch, depth);
  output.begin(call, rows);
  RowCursor at(call, 0);
  _tile_loadconfig(&kConfig);
  for (std::int64_t first = 0; first < rows; first += kAmxChunkRows) {
    const std::int64_t count = smaller(kAmxChunkRows, rows - first);
    for (std::int64_t row = 0; row < count; ++row, at.step()) {
      const std::int64_t tile = row / kTileRows;
      kind.expand_row(at.input(), scratch.weights,
                      scratch.inputs + tile / 2 * depth * kPair +
                          tile % 2 * kTileBytes + row % kTileRows * 64);
    }
    std::int64_t channel = 0;
    for (; channel + kColumns <= channels; channel += kColumns) {
      columns<2>(kind, scratch, channel, first, count, output);
    }
    if constexpr (Kind::kLanes < kColumns) {
      if (channel < channels) {
        columns<1>(kind, scratch, channel, first, count, output);
      }
    }
  }
  _tile_release();
}

/// How many of a call's rows tiles take: none, or all but a last tile that
/// would be too empty.
std::int64_t tile_rows(const LinearCall& call) {
  const std::int64_t rows = call.groups * call.rows;
  if (rows < kAmxRows || !thread_may_use_tiles()) return 0;
  const std::int64_t rest = rows % kTileRows;
  return rest <= kAmxSpareRows ? rows - rest : rows;
}

/// Tiles for most rows, and few(call, out) for what they leave of each group.
template <class Kind, class Output, class Value>
void all_rows(const LinearCall& call, Value* out,
              void (*few)(const LinearCall&, Value*)) {
  const std::int64_t rows = call.groups * call.rows;
  std::int64_t done = tile_rows(call);
  if (done > 0) run<Kind>(call, done, Output{out});
  while (done < rows) {
    const RowCursor at(call, done);
    LinearCall rest = call;
    rest.input = at.input();
    rest.rows = smaller(at.left(), rows - done);
    rest.groups = 1;
    few(rest, out + at.out());
    done += rest.rows;
  }
}

template <class Kind, const LinearKernel& kFewRows>
void bits(const LinearCall& call, std::uint64_t* out) {
  all_rows<Kind, ToBits>(call, out, kFewRows.bits);
}

template <class Kind, const LinearKernel& kFewRows>
void sums(const LinearCall& call, std::int32_t* out) {
  all_rows<Kind, ToSums>(call, out, kFewRows.sums);
}

template <class Kind, const LinearKernel& kFewRows>
std::size_t scratch_bytes(const LinearLayer& layer) {
  const std::size_t few = kFewRows.scratch_bytes(layer);
  const std::size_t tiles = tile_scratch_bytes(Kind::depth(layer.inputs));
  return few > tiles ? few : tiles;
}

template <const LinearKernel& kFewRows>
bool takes(const LinearLayer& layer) {
  const bool pixels = layer.input == InputEncoding::pixels;
  return kFewRows.takes(layer) && layer.inputs <= kAmxMaxInputs &&
         layer.inputs >= (pixels ? kAmxMinPixels : 1) &&
         layer.outputs >= kAmxMinOutputs;
}

template <const LinearKernel& kFewRows>
std::size_t packed_bytes(const LinearLayer& layer) {
  return kFewRows.packed_bytes(layer);
}

template <const LinearKernel& kFewRows>
std::size_t threshold_bytes(const LinearLayer& layer) {
  return kFewRows.threshold_bytes(layer);
}

template <const LinearKernel& kFewRows>
void pack(const LinearLayer& layer, void* packed) {
  kFewRows.pack(layer, packed);
}

template <const LinearKernel& kFewRows>
void pack_thresholds(const LinearLayer& layer, const std::int32_t* thresholds,
                     void* packed) {
  kFewRows.pack_thresholds(layer, thresholds, packed);
}

template <class Kind, const LinearKernel& kFewRows>
constexpr LinearKernel make_kernel(const char* name) {
  return {name,
          takes<kFewRows>,
          packed_bytes<kFewRows>,
          threshold_bytes<kFewRows>,
          scratch_bytes<Kind, kFewRows>,
          pack<kFewRows>,
          pack_thresholds<kFewRows>,
          bits<Kind, kFewRows>,
          sums<Kind, kFewRows>,
          true};
}

}  // namespace

constexpr LinearKernel kAmxBinary = make_kernel<Binary, kAvx512Binary>(
    "int8 tiles from bits, 16 rows a tile; fewer rows: xor and vpopcntd");
constexpr LinearKernel kAmxPixels = make_kernel<Pixels, kAvx512Pixels>(
    "int8 tiles of pixels, 16 rows a tile; fewer rows: pixel tables");

}  // namespace signet::runtime

// The NEON level for binary inputs: mismatches by eor and cnt.
//
// Output channels lie across the 16 bytes of a vector, so there are no
// horizontal sums: a vector of weights holds 8 inputs of 16 channels, each byte
// of a row is broadcast. Bytes count up to 31 * 8 mismatches, then uaddw widens
// them to 16 bits. Weights are packed in panels of 64 channels, [inputs /
// 8][64] bytes; the last panel is as narrow as 16, 32 or 48.
//
// 4 rows by 64 channels are 16 counters, 8 operands and room in 32 registers,
// and 3 instructions for 128 products. Tested under emulation; never timed.
// Source: the 8 x 4 tile of Larq Compute Engine (Bannink et al. 2020,
// arXiv:2011.09398).
#include <arm_neon.h>

#include "signet/runtime/kernels/kernel.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {

// Constants are private to their files without this.
extern const Level kNeonLevel;
extern const LinearKernel kNeonPixels;  // neon_pixels.cpp

namespace {

constexpr std::int64_t kLanes = 16;  // channels in a vector
constexpr std::int64_t kPanel = 64;  // channels in a panel
constexpr std::int64_t kBlock = 31;  // steps until counts are widened
constexpr int kTileRows = 4;
constexpr std::int64_t kMaxInputs = 65534;  // counts of 16 bits, and one above

/// Sizes that follow from a layer's.
struct Shape {
  std::int64_t steps;     // bytes of a row of inputs
  std::int64_t channels;  // outputs, up to a whole vector
};

Shape shape_of(std::int64_t inputs, std::int64_t outputs) {
  return {(inputs + 7) / 8, (outputs + kLanes - 1) / kLanes * kLanes};
}

/// What pack() lays out.
struct Packed {
  std::int32_t* bases;    // [channels]
  std::int32_t* shift;    // 1 for signs, 0 for bits: s = base - (c << shift)
  std::uint8_t* weights;  // panels
};

Packed view(const Shape& shape, const void* packed) {
  auto* base = static_cast<std::int32_t*>(const_cast<void*>(packed));
  return {base, base + shape.channels,
          reinterpret_cast<std::uint8_t*>(base + shape.channels + 4)};
}

bool takes(const LinearLayer& layer) {
  return layer.input != InputEncoding::pixels && layer.inputs <= kMaxInputs;
}

std::size_t packed_bytes(const LinearLayer& layer) {
  const Shape shape = shape_of(layer.inputs, layer.outputs);
  return 4 * (shape.channels + 4) + shape.steps * shape.channels;
}

std::size_t threshold_bytes(const LinearLayer& layer) {
  return 2 * shape_of(layer.inputs, layer.outputs).channels;
}

std::size_t no_scratch(const LinearLayer&) { return 0; }

void pack(const LinearLayer& layer, void* packed) {
  const Shape shape = shape_of(layer.inputs, layer.outputs);
  const Packed to = view(shape, packed);
  *to.shift = layer.input == InputEncoding::signs ? 1 : 0;
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    to.bases[j] = count_rule(layer, j).base;
    const std::int64_t first = j / kPanel * kPanel;
    const std::int64_t left = shape.channels - first;
    const std::int64_t width = left < kPanel ? left : kPanel;
    const std::uint64_t* row = layer.weights + j * words_for(layer.inputs);
    std::uint8_t* column = to.weights + first * shape.steps + (j - first);
    for (std::int64_t i = 0; i < shape.steps; ++i) {
      column[i * width] =
          static_cast<std::uint8_t>(row[i / 8] >> (8 * (i % 8)));
    }
  }
}

/// One more than the limit of the count; 0 for never, and for padding.
void pack_thresholds(const LinearLayer& layer, const std::int32_t* thresholds,
                     void* packed) {
  auto* above = static_cast<std::uint16_t*>(packed);
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    above[j] =
        static_cast<std::uint16_t>(count_limit(layer, j, thresholds[j]) + 1);
  }
}

/// Counts of 16 channels.
struct Counts {
  uint16x8_t low, high;
};

/// Compares counts with limits: a panel's bits are one output word.
struct ToBits {
  const std::uint16_t* above;
  std::uint64_t* out;
  std::int64_t stride;

  template <int kVectors>
  void panel(std::int64_t channel, std::int64_t row,
             const Counts* counts) const {
    constexpr std::uint8_t kBits[16] = {1, 2, 4, 8, 16, 32, 64, 128,
                                        1, 2, 4, 8, 16, 32, 64, 128};
    std::uint64_t word = 0;
    for (int v = 0; v < kVectors; ++v) {
      const std::uint16_t* limits = above + channel + v * kLanes;
      const uint8x16_t below = vcombine_u8(
          vmovn_u16(vcltq_u16(counts[v].low, vld1q_u16(limits))),
          vmovn_u16(vcltq_u16(counts[v].high, vld1q_u16(limits + 8))));
      const uint8x16_t set = vandq_u8(below, vld1q_u8(kBits));
      const std::uint64_t mask =
          vaddv_u8(vget_low_u8(set)) | vaddv_u8(vget_high_u8(set)) << 8;
      word |= mask << (v * kLanes);
    }
    out[row * stride + channel / kPanel] = word;
  }
};

/// s = base - (count << shift).
struct ToSums {
  Packed packed;
  std::int32_t* out;
  std::int64_t stride;
  std::int64_t outputs;

  template <int kVectors>
  void panel(std::int64_t channel, std::int64_t row,
             const Counts* counts) const {
    const int32x4_t shift = vdupq_n_s32(*packed.shift);
    for (int v = 0; v < kVectors; ++v) {
      const uint32x4_t fours[4] = {vmovl_u16(vget_low_u16(counts[v].low)),
                                   vmovl_high_u16(counts[v].low),
                                   vmovl_u16(vget_low_u16(counts[v].high)),
                                   vmovl_high_u16(counts[v].high)};
      std::int32_t sums[kLanes];
      const std::int64_t j = channel + v * kLanes;
      for (int i = 0; i < 4; ++i) {
        const int32x4_t count =
            vreinterpretq_s32_u32(vshlq_u32(fours[i], shift));
        vst1q_s32(sums + 4 * i,
                  vsubq_s32(vld1q_s32(packed.bases + j + 4 * i), count));
      }
      const std::int64_t left = outputs - j < kLanes ? outputs - j : kLanes;
      __builtin_memcpy(out + row * stride + j, sums, 4 * left);
    }
  }
};

/// A tile's rows: where they begin, and the first one's number for the output.
struct Rows {
  const std::uint8_t* input;
  std::int64_t stride;
  std::int64_t segment_stride;
  std::int64_t segment_bytes;  // of a row's bytes, in each segment
  std::int64_t first;
};

/// kRows rows times one panel of kVectors vectors, from `channel` on.
template <int kRows, int kVectors, class Output>
void tile(const Shape& shape, const Packed& packed, std::int64_t channel,
          const Rows& rows, const Output& output) {
  constexpr std::int64_t kWidth = kVectors * kLanes;
  const std::uint8_t* weights = packed.weights + channel * shape.steps;
  Counts counts[kRows][kVectors];
  for (auto& row : counts) {
    for (Counts& count : row) count.low = count.high = vdupq_n_u16(0);
  }
  const std::uint8_t* segment = rows.input;
  for (std::int64_t left = shape.steps; left > 0;
       left -= rows.segment_bytes, segment += rows.segment_stride) {
    const std::int64_t steps =
        left < rows.segment_bytes ? left : rows.segment_bytes;
    for (std::int64_t start = 0; start < steps; start += kBlock) {
      const std::int64_t stop = start + kBlock < steps ? start + kBlock : steps;
      uint8x16_t bytes[kRows][kVectors];
      for (auto& row : bytes) {
        for (uint8x16_t& count : row) count = vdupq_n_u8(0);
      }
      for (std::int64_t i = start; i < stop; ++i) {
        uint8x16_t x[kRows];
        for (int r = 0; r < kRows; ++r) {
          x[r] = vld1q_dup_u8(segment + r * rows.stride + i);
        }
        for (int v = 0; v < kVectors; ++v) {
          const uint8x16_t w = vld1q_u8(weights + v * kLanes);
          for (int r = 0; r < kRows; ++r) {
            bytes[r][v] = vaddq_u8(bytes[r][v], vcntq_u8(veorq_u8(x[r], w)));
          }
        }
        weights += kWidth;
      }
      for (int r = 0; r < kRows; ++r) {
        for (int v = 0; v < kVectors; ++v) {
          Counts& count = counts[r][v];
          count.low = vaddw_u8(count.low, vget_low_u8(bytes[r][v]));
          count.high = vaddw_high_u8(count.high, bytes[r][v]);
        }
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    output.template panel<kVectors>(channel, rows.first + r, counts[r]);
  }
}

/// One panel, all rows: kTileRows at a time, then what is left.
template <int kVectors, class Output>
void panel(const Shape& shape, const Packed& packed, std::int64_t channel,
           const LinearCall& call, const Output& output) {
  Rows rows{static_cast<const std::uint8_t*>(call.input), call.row_stride,
            call.segment_stride, words_for(call.inputs) / call.segments * 8, 0};
  for (; rows.first + kTileRows <= call.rows; rows.first += kTileRows) {
    tile<kTileRows, kVectors>(shape, packed, channel, rows, output);
    rows.input += kTileRows * call.row_stride;
  }
  switch (call.rows - rows.first) {
    case 3:
      return tile<3, kVectors>(shape, packed, channel, rows, output);
    case 2:
      return tile<2, kVectors>(shape, packed, channel, rows, output);
    case 1:
      return tile<1, kVectors>(shape, packed, channel, rows, output);
  }
}

/// All panels. A panel of weights stays in the L1 cache while the rows pass.
template <class Output>
void run(const LinearCall& call, const Output& output) {
  const Shape shape = shape_of(call.inputs, call.outputs);
  const Packed packed = view(shape, call.packed);
  std::int64_t channel = 0;
  for (; channel + kPanel <= shape.channels; channel += kPanel) {
    panel<4>(shape, packed, channel, call, output);
  }
  switch ((shape.channels - channel) / kLanes) {
    case 3:
      return panel<3>(shape, packed, channel, call, output);
    case 2:
      return panel<2>(shape, packed, channel, call, output);
    case 1:
      return panel<1>(shape, packed, channel, call, output);
  }
}

void bits(const LinearCall& call, std::uint64_t* out) {
  run(call, ToBits{static_cast<const std::uint16_t*>(call.thresholds), out,
                   call.out_stride});
}

void sums(const LinearCall& call, std::int32_t* out) {
  const Shape shape = shape_of(call.inputs, call.outputs);
  run(call,
      ToSums{view(shape, call.packed), out, call.out_stride, call.outputs});
}

bool supported() { return true; }  // part of every 64-bit Arm

constexpr LinearKernel kBinary{"eor and cnt, 16 channels a vector",
                               takes,
                               packed_bytes,
                               threshold_bytes,
                               no_scratch,
                               pack,
                               pack_thresholds,
                               bits,
                               sums};

constexpr const LinearKernel* kKernels[] = {&kNeonPixels, &kBinary, nullptr};

}  // namespace

const Level kNeonLevel{Isa::neon, supported, kKernels};

}  // namespace signet::runtime

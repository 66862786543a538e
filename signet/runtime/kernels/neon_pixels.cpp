// The NEON level for 8-bit pixels: widening multiplication by -1 and +1.
//
// Pixels are made signed, x - 128, and s = sum_k w_k (x_k - 128) + 128 sum_k
// w_k. Output channels lie across lanes; a vector holds the weights of 8 pixels
// of 16 channels, a bit each, that cmtst and orr make bytes of -1 and +1 for
// all rows of a tile. smlal adds their products with a broadcast pixel to 16
// bits, which hold 248 of them (248 * 128 = 31744). Tested under emulation;
// never timed.
#include <arm_neon.h>

#include "signet/runtime/kernels/kernel.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {

extern const LinearKernel kNeonPixels;

namespace {

constexpr std::int64_t kLanes = 16;  // channels in a vector
constexpr std::int64_t kStep = 8;    // pixels in a vector of weights
constexpr std::int64_t kBlock = 31;  // steps until sums are widened
constexpr int kTileRows = 4;

/// Sizes that follow from a layer's.
struct Shape {
  std::int64_t steps;
  std::int64_t channels;  // outputs, up to a whole vector
};

Shape shape_of(std::int64_t inputs, std::int64_t outputs) {
  return {(inputs + kStep - 1) / kStep,
          (outputs + kLanes - 1) / kLanes * kLanes};
}

/// What pack() lays out.
struct Packed {
  std::int32_t* bases;    // [channels], 128 times the sum of the weights
  std::uint8_t* weights;  // [channels / 16][steps][16], 1 for a weight of -1
};

Packed view(const Shape& shape, const void* packed) {
  auto* base = static_cast<std::int32_t*>(const_cast<void*>(packed));
  return {base, reinterpret_cast<std::uint8_t*>(base + shape.channels)};
}

bool takes(const LinearLayer& layer) {
  return layer.input == InputEncoding::pixels;
}

std::size_t packed_bytes(const LinearLayer& layer) {
  const Shape shape = shape_of(layer.inputs, layer.outputs);
  return shape.channels * (4 + shape.steps);
}

std::size_t threshold_bytes(const LinearLayer& layer) {
  return 4 * shape_of(layer.inputs, layer.outputs).channels;
}

std::size_t scratch_bytes(const LinearLayer& layer) {
  return kTileRows * shape_of(layer.inputs, layer.outputs).steps * kStep;
}

void pack(const LinearLayer& layer, void* packed) {
  const Shape shape = shape_of(layer.inputs, layer.outputs);
  const Packed to = view(shape, packed);
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    const std::uint64_t* row = layer.weights + j * words_for(layer.inputs);
    std::uint8_t* column =
        to.weights + j / kLanes * kLanes * shape.steps + j % kLanes;
    std::int32_t minus = 0;
    for (std::int64_t i = 0; i < shape.steps; ++i) {
      const std::uint64_t negative = ~row[i / 8] >> (8 * (i % 8)) & 255;
      column[i * kLanes] = static_cast<std::uint8_t>(negative);
    }
    for (std::int64_t k = 0; k < layer.inputs; ++k) {
      minus += ~row[k / 64] >> (k % 64) & 1;
    }
    to.bases[j] = 128 * (static_cast<std::int32_t>(layer.inputs) - 2 * minus);
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

/// s >= t: the bits of a vector are a quarter of an output word.
struct ToBits {
  const std::int32_t* thresholds;
  std::uint64_t* out;
  std::int64_t stride;

  void vector(std::int64_t channel, std::int64_t row,
              const int32x4_t* sums) const {
    constexpr std::uint16_t kBits[8] = {1, 2, 4, 8, 16, 32, 64, 128};
    uint16x8_t set[2];
    for (int i = 0; i < 2; ++i) {
      const std::int32_t* t = thresholds + channel + 8 * i;
      set[i] =
          vcombine_u16(vmovn_u32(vcgeq_s32(sums[2 * i], vld1q_s32(t))),
                       vmovn_u32(vcgeq_s32(sums[2 * i + 1], vld1q_s32(t + 4))));
    }
    const uint16x8_t place = vld1q_u16(kBits);
    const auto mask =
        static_cast<std::uint16_t>(vaddvq_u16(vandq_u16(set[0], place)) |
                                   vaddvq_u16(vandq_u16(set[1], place)) << 8);
    __builtin_memcpy(reinterpret_cast<char*>(out + row * stride) + channel / 8,
                     &mask, 2);
  }
};

struct ToSums {
  std::int32_t* out;
  std::int64_t stride;
  std::int64_t outputs;

  void vector(std::int64_t channel, std::int64_t row,
              const int32x4_t* sums) const {
    std::int32_t values[kLanes];
    for (int i = 0; i < 4; ++i) vst1q_s32(values + 4 * i, sums[i]);
    const std::int64_t left = outputs - channel;
    __builtin_memcpy(out + row * stride + channel, values,
                     4 * (left < kLanes ? left : kLanes));
  }
};

/// kRows rows of signed pixels times one vector of channels.
template <int kRows, class Output>
void tile(std::int64_t steps, const std::int32_t* bases,
          const std::uint8_t* weights, const std::int8_t* pixels,
          std::int64_t channel, std::int64_t row, const Output& output) {
  int32x4_t sums[kRows][4];
  for (auto& one : sums) {
    for (int i = 0; i < 4; ++i) one[i] = vld1q_s32(bases + channel + 4 * i);
  }
  for (std::int64_t start = 0; start < steps; start += kBlock) {
    const std::int64_t stop = start + kBlock < steps ? start + kBlock : steps;
    int16x8_t low[kRows], high[kRows];
    for (int r = 0; r < kRows; ++r) low[r] = high[r] = vdupq_n_s16(0);
    for (std::int64_t i = start; i < stop; ++i) {
      const uint8x16_t bits = vld1q_u8(weights + i * kLanes);
      for (int k = 0; k < kStep; ++k) {
        const int8x16_t w = vreinterpretq_s8_u8(
            vorrq_u8(vtstq_u8(bits, vdupq_n_u8(1 << k)), vdupq_n_u8(1)));
        for (int r = 0; r < kRows; ++r) {
          const int8x16_t x =
              vld1q_dup_s8(pixels + (r * steps + i) * kStep + k);
          low[r] = vmlal_s8(low[r], vget_low_s8(w), vget_low_s8(x));
          high[r] = vmlal_high_s8(high[r], w, x);
        }
      }
    }
    for (int r = 0; r < kRows; ++r) {
      sums[r][0] = vaddw_s16(sums[r][0], vget_low_s16(low[r]));
      sums[r][1] = vaddw_high_s16(sums[r][1], low[r]);
      sums[r][2] = vaddw_s16(sums[r][2], vget_low_s16(high[r]));
      sums[r][3] = vaddw_high_s16(sums[r][3], high[r]);
    }
  }
  for (int r = 0; r < kRows; ++r) output.vector(channel, row + r, sums[r]);
}

/// Copies a row's segments one behind the other, less 128; zeros fill the last
/// step.
void gather_row(const LinearCall& call, std::int64_t row, std::int64_t steps,
                std::int8_t* to) {
  const std::int64_t length = call.inputs / call.segments;
  const auto* from =
      static_cast<const std::uint8_t*>(call.input) + row * call.row_stride;
  __builtin_memset(to + (steps - 1) * kStep, 0, kStep);
  for (std::int64_t s = 0; s < call.segments; ++s) {
    for (std::int64_t i = 0; i < length; ++i) {
      *to++ = static_cast<std::int8_t>(from[i] - 128);
    }
    from += call.segment_stride;
  }
}

template <int kRows, class Output>
void tiles(const LinearCall& call, std::int64_t row, const Output& output) {
  const Shape shape = shape_of(call.inputs, call.outputs);
  const Packed packed = view(shape, call.packed);
  auto* pixels = static_cast<std::int8_t*>(call.scratch);
  for (int r = 0; r < kRows; ++r) {
    gather_row(call, row + r, shape.steps, pixels + r * shape.steps * kStep);
  }
  for (std::int64_t j = 0; j < shape.channels; j += kLanes) {
    tile<kRows>(shape.steps, packed.bases, packed.weights + j * shape.steps,
                pixels, j, row, output);
  }
}

template <class Output>
void run(const LinearCall& call, const Output& output) {
  std::int64_t row = 0;
  for (; row + kTileRows <= call.rows; row += kTileRows) {
    tiles<kTileRows>(call, row, output);
  }
  for (; row < call.rows; ++row) tiles<1>(call, row, output);
}

void bits(const LinearCall& call, std::uint64_t* out) {
  // The kernel writes quarters of words: the last word may have fewer.
  const std::int64_t last = words_for(call.outputs) - 1;
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

const LinearKernel kNeonPixels{"smlal of weight bits, 16 channels a vector",
                               takes,
                               packed_bytes,
                               threshold_bytes,
                               scratch_bytes,
                               pack,
                               pack_thresholds,
                               bits,
                               sums};

}  // namespace signet::runtime

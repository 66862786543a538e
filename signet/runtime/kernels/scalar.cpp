// The scalar level: plain loops on the canonical layout. They define the result
// of every other kernel.
#include <bit>
#include <cstring>

#include "signet/runtime/kernels/kernel.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {

// A constant is private to its file without this.
extern const Level kScalarLevel;
extern const RealKernel kScalarReal;  // scalar_real.cpp

namespace {

/// What pack() lays out: rules, then the weights as they are.
struct Packed {
  CountRule* rules;        // [outputs]
  std::uint64_t* weights;  // [outputs, words_for(inputs)]
};

Packed view(std::int64_t outputs, void* packed) {
  auto* rules = static_cast<CountRule*>(packed);
  return {rules, reinterpret_cast<std::uint64_t*>(rules + outputs)};
}

std::size_t packed_bytes(const LinearLayer& layer) {
  return layer.outputs * (sizeof(CountRule) + words_for(layer.inputs) * 8);
}

std::size_t threshold_bytes(const LinearLayer& layer) {
  return layer.outputs * 4;
}

std::size_t no_scratch(const LinearLayer&) { return 0; }

void pack(const LinearLayer& layer, void* packed) {
  const Packed to = view(layer.outputs, packed);
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    to.rules[j] = count_rule(layer, j);
  }
  std::memcpy(to.weights, layer.weights,
              layer.outputs * words_for(layer.inputs) * 8);
}

void pack_thresholds(const LinearLayer& layer, const std::int32_t* thresholds,
                     void* packed) {
  std::memcpy(packed, thresholds, threshold_bytes(layer));
}

/// Where segment `s` of a row begins.
const std::byte* segment_of(const LinearCall& call, std::int64_t row,
                            std::int64_t s) {
  return static_cast<const std::byte*>(call.input) + row * call.row_stride +
         s * call.segment_stride;
}

/// sum_k w_k x_k over pixels: those under +1 twice, less all of them.
struct PixelSum {
  std::int32_t operator()(const LinearCall& call, const Packed& packed,
                          std::int64_t row, std::int64_t output) const {
    const auto* w = packed.weights + output * words_for(call.inputs);
    const std::int64_t length = call.inputs / call.segments;
    std::int32_t all = 0, positive = 0;
    for (std::int64_t k = 0; k < call.inputs;) {
      const auto* x = reinterpret_cast<const std::uint8_t*>(
          segment_of(call, row, k / length));
      for (std::int64_t i = 0; i < length; ++i, ++k) {
        all += x[i];
        positive += w[k / 64] >> (k % 64) & 1 ? x[i] : 0;
      }
    }
    return 2 * positive - all;
  }
};

/// The same over signs or bits, by counting mismatches.
struct BinarySum {
  std::int32_t operator()(const LinearCall& call, const Packed& packed,
                          std::int64_t row, std::int64_t output) const {
    const auto* w = packed.weights + output * words_for(call.inputs);
    const std::int64_t words = words_for(call.inputs) / call.segments;
    std::int32_t count = 0;
    for (std::int64_t s = 0; s < call.segments; ++s) {
      const auto* x =
          reinterpret_cast<const std::uint64_t*>(segment_of(call, row, s));
      for (std::int64_t i = 0; i < words; ++i) {
        count += std::popcount(x[i] ^ *w++);
      }
    }
    const CountRule& rule = packed.rules[output];
    return rule.base - rule.step * count;
  }
};

template <class Sum>
void bits(const LinearCall& call, std::uint64_t* out) {
  const Packed packed = view(call.outputs, const_cast<void*>(call.packed));
  const auto* thresholds = static_cast<const std::int32_t*>(call.thresholds);
  for (std::int64_t row = 0; row < call.rows; ++row, out += call.out_stride) {
    std::memset(out, 0, words_for(call.outputs) * 8);
    for (std::int64_t j = 0; j < call.outputs; ++j) {
      const bool bit = Sum{}(call, packed, row, j) >= thresholds[j];
      out[j / 64] |= std::uint64_t{bit} << (j % 64);
    }
  }
}

template <class Sum>
void sums(const LinearCall& call, std::int32_t* out) {
  const Packed packed = view(call.outputs, const_cast<void*>(call.packed));
  for (std::int64_t row = 0; row < call.rows; ++row, out += call.out_stride) {
    for (std::int64_t j = 0; j < call.outputs; ++j) {
      out[j] = Sum{}(call, packed, row, j);
    }
  }
}

bool takes_pixels(const LinearLayer& layer) {
  return layer.input == InputEncoding::pixels;
}

bool takes_binary(const LinearLayer& layer) { return !takes_pixels(layer); }

bool supported() { return true; }

constexpr LinearKernel kPixels{
    "loop over pixels", takes_pixels,   packed_bytes,
    threshold_bytes,    no_scratch,     pack,
    pack_thresholds,    bits<PixelSum>, sums<PixelSum>};
constexpr LinearKernel kBinary{"xor and popcount by words",
                               takes_binary,
                               packed_bytes,
                               threshold_bytes,
                               no_scratch,
                               pack,
                               pack_thresholds,
                               bits<BinarySum>,
                               sums<BinarySum>};

constexpr RowPackers kPackers{pack_rows, pack_signs};

constexpr const LinearKernel* kKernels[] = {&kPixels, &kBinary, nullptr};

}  // namespace

const Level kScalarLevel{Isa::scalar, supported, kKernels, &kPackers,
                         &kScalarReal};

}  // namespace signet::runtime

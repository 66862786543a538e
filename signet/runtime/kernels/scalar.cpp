// The scalar level: plain loops on the canonical layout. They define the result
// of every other kernel.
#include <bit>
#include <cstring>

#include "signet/runtime/kernels/kernel.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {

// A constant is private to its file without this.
extern const Level kScalarLevel;

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

std::size_t packed_bytes(std::int64_t inputs, std::int64_t outputs) {
  return outputs * (sizeof(CountRule) + words_for(inputs) * 8);
}

std::size_t threshold_bytes(std::int64_t outputs) { return outputs * 4; }

std::size_t no_scratch(std::int64_t, std::int64_t) { return 0; }

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
  std::memcpy(packed, thresholds, threshold_bytes(layer.outputs));
}

/// sum_k w_k x_k over pixels: those under +1 twice, less all of them.
struct PixelSum {
  std::int32_t operator()(const LinearCall& call, const Packed& packed,
                          std::int64_t row, std::int64_t output) const {
    const auto* x =
        static_cast<const std::uint8_t*>(call.input) + row * call.inputs;
    const auto* w = packed.weights + output * words_for(call.inputs);
    std::int32_t all = 0, positive = 0;
    for (std::int64_t k = 0; k < call.inputs; ++k) all += x[k];
    for (std::int64_t i = 0; i < words_for(call.inputs); ++i) {
      for (std::uint64_t rest = w[i]; rest != 0; rest &= rest - 1) {
        positive += x[64 * i + std::countr_zero(rest)];
      }
    }
    return 2 * positive - all;
  }
};

/// The same over signs or bits, by counting mismatches.
struct BinarySum {
  std::int32_t operator()(const LinearCall& call, const Packed& packed,
                          std::int64_t row, std::int64_t output) const {
    const std::int64_t words = words_for(call.inputs);
    const auto* x = static_cast<const std::uint64_t*>(call.input) + row * words;
    const auto* w = packed.weights + output * words;
    std::int32_t count = 0;
    for (std::int64_t i = 0; i < words; ++i)
      count += std::popcount(x[i] ^ w[i]);
    const CountRule& rule = packed.rules[output];
    return rule.base - rule.step * count;
  }
};

template <class Sum>
void bits(const LinearCall& call, std::uint64_t* out) {
  const Packed packed = view(call.outputs, const_cast<void*>(call.packed));
  const auto* thresholds = static_cast<const std::int32_t*>(call.thresholds);
  const std::int64_t words = words_for(call.outputs);
  std::memset(out, 0, call.rows * words * 8);
  for (std::int64_t row = 0; row < call.rows; ++row) {
    for (std::int64_t j = 0; j < call.outputs; ++j) {
      const bool bit = Sum{}(call, packed, row, j) >= thresholds[j];
      out[row * words + j / 64] |= std::uint64_t{bit} << (j % 64);
    }
  }
}

template <class Sum>
void sums(const LinearCall& call, std::int32_t* out) {
  const Packed packed = view(call.outputs, const_cast<void*>(call.packed));
  for (std::int64_t row = 0; row < call.rows; ++row) {
    for (std::int64_t j = 0; j < call.outputs; ++j) {
      *out++ = Sum{}(call, packed, row, j);
    }
  }
}

bool supported() { return true; }

constexpr LinearKernel kPixels{
    "loop over pixels", packed_bytes,   threshold_bytes, no_scratch, pack,
    pack_thresholds,    bits<PixelSum>, sums<PixelSum>};
constexpr LinearKernel kBinary{"xor and popcount by words",
                               packed_bytes,
                               threshold_bytes,
                               no_scratch,
                               pack,
                               pack_thresholds,
                               bits<BinarySum>,
                               sums<BinarySum>};

}  // namespace

const Level kScalarLevel{Isa::scalar, supported, &kPixels, &kBinary};

}  // namespace signet::runtime

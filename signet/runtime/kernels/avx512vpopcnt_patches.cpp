// The AVX-512 level for 8-bit pixels and few weights, such as those of a first
// convolution: vpdpbusd multiplies four pixels by signs kept as bytes.
//
// Segments are filled up to four pixels by weights 0, so patches are read in
// place, up to three bytes beyond their ends. Weights are negated, for sums
// count downwards (avx512_panels.h).
#include "signet/runtime/kernels/avx512_panels.h"
#include "signet/runtime/kernels/limits.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {

extern const LinearKernel kAvx512Patches;

namespace {

struct Products {
  static __m512i add(__m512i sum, __m512i x, __m512i w) {
    return _mm512_dpbusd_epi32(sum, x, w);
  }
};

/// Four pixels each, of a segment.
std::int64_t segment_steps(std::int64_t inputs, std::int64_t segments) {
  return (inputs / segments + 3) / 4;
}

std::int64_t steps_of(const LinearLayer& layer) {
  return layer.segments * segment_steps(layer.inputs, layer.segments);
}

std::size_t packed_bytes(const LinearLayer& layer) {
  return panel_bytes(steps_of(layer), layer.outputs);
}

std::size_t threshold_bytes(const LinearLayer& layer) {
  return 4 * whole_vectors(layer.outputs);
}

std::size_t no_scratch(const LinearLayer&) { return 0; }

void pack(const LinearLayer& layer, void* packed) {
  const Panels to = view_panels(steps_of(layer), layer.outputs, packed);
  const std::int64_t length = layer.inputs / layer.segments;
  const std::int64_t steps = segment_steps(layer.inputs, layer.segments);
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    const std::uint64_t* row = layer.weights + j * words_for(layer.inputs);
    std::uint32_t* column = to.column(j);
    const std::int64_t width = to.panel_width(j / kPanel * kPanel);
    for (std::int64_t k = 0; k < layer.inputs; ++k) {
      const std::int64_t place = k % length;
      const std::int64_t step = k / length * steps + place / 4;
      const std::uint32_t weight = row[k / 64] >> (k % 64) & 1 ? 0xff : 1;
      column[step * width] |= weight << 8 * (place % 4);
    }
  }
}

/// Limits of the negated sums; those of padding are never reached.
void pack_thresholds(const LinearLayer& layer, const std::int32_t* thresholds,
                     void* packed) {
  auto* limits = static_cast<std::int32_t*>(packed);
  for (std::int64_t j = 0; j < whole_vectors(layer.outputs); ++j) {
    const bool used = j < layer.outputs;
    const bool always = used && thresholds[j] == INT32_MIN;
    limits[j] = always ? INT32_MAX : used ? -thresholds[j] : INT32_MIN;
  }
}

template <class Output>
void run(const LinearCall& call, const Output& output) {
  const std::int64_t steps = segment_steps(call.inputs, call.segments);
  const Rows rows{.input = static_cast<const char*>(call.input),
                  .stride = call.row_stride,
                  .segments = call.segments,
                  .segment_steps = steps,
                  .segment_stride = call.segment_stride,
                  .first = 0};
  all_panels<Products>(
      view_panels(call.segments * steps, call.outputs, call.packed), rows,
      call.rows, output);
}

void bits(const LinearCall& call, std::uint64_t* out) {
  run(call, ToBits{static_cast<const std::int32_t*>(call.thresholds), out,
                   call.out_stride});
}

void sums(const LinearCall& call, std::int32_t* out) {
  run(call, ToSums{out, call.outputs, call.out_stride});
}

bool takes(const LinearLayer& layer) {
  const bool reads_beyond = layer.segments == 1 && layer.inputs % 4 != 0;
  return layer.input == InputEncoding::pixels && !reads_beyond &&
         packed_bytes(layer) <= kPatchWeightBytes &&
         __builtin_cpu_supports("avx512vnni");
}

}  // namespace

const LinearKernel kAvx512Patches{"vpdpbusd, 16 channels a vector",
                                  takes,
                                  packed_bytes,
                                  threshold_bytes,
                                  no_scratch,
                                  pack,
                                  pack_thresholds,
                                  bits,
                                  sums};

}  // namespace signet::runtime

// The AVX-512 level for few 8-bit pixels, such as the patches of a first
// convolution: vpdpbusd multiplies four of them by signs kept as bytes.
//
// Segments are filled up to four pixels by weights 0, so patches are read in
// place, up to three bytes beyond their ends; the last ones, where that is
// beyond the images, are copied. Weights are negated, for sums count downwards
// (avx512_panels.h).
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

/// How a row is read.
struct Reading {
  std::int64_t segments;
  std::int64_t length;  // pixels of a segment
  std::int64_t steps;   // of a segment, 4 pixels each
  std::int64_t beyond;  // bytes read beyond the end

  std::int64_t row_steps() const { return segments * steps; }
};

Reading reading_of(std::int64_t inputs, std::int64_t segments) {
  const std::int64_t length = inputs / segments;
  const std::int64_t steps = (length + 3) / 4;
  return {segments, length, steps, 4 * steps - length};
}

std::int64_t steps_of(const LinearLayer& layer) {
  return reading_of(layer.inputs, layer.segments).row_steps();
}

std::size_t packed_bytes(const LinearLayer& layer) {
  return panel_bytes(steps_of(layer), layer.outputs);
}

std::size_t threshold_bytes(const LinearLayer& layer) {
  return 4 * whole_vectors(layer.outputs);
}

/// The rows that are copied: `beyond` is at most 3, and so are they.
std::size_t scratch_bytes(const LinearLayer& layer) {
  return 3 * 4 * steps_of(layer);
}

void pack(const LinearLayer& layer, void* packed) {
  const Reading reading = reading_of(layer.inputs, layer.segments);
  const Panels to = view_panels(reading.row_steps(), layer.outputs, packed);
  for (std::int64_t j = 0; j < layer.outputs; ++j) {
    const std::uint64_t* row = layer.weights + j * words_for(layer.inputs);
    std::uint32_t* column = to.column(j);
    const std::int64_t width = to.panel_width(j / kPanel * kPanel);
    for (std::int64_t k = 0; k < layer.inputs; ++k) {
      const std::int64_t place = k % reading.length;
      const std::int64_t step = k / reading.length * reading.steps + place / 4;
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
  const Reading reading = reading_of(call.inputs, call.segments);
  const Panels packed =
      view_panels(reading.row_steps(), call.outputs, call.packed);
  Rows rows{.input = static_cast<const char*>(call.input),
            .stride = call.row_stride,
            .segments = call.segments,
            .segment_steps = reading.steps,
            .segment_stride = call.segment_stride,
            .first = 0};
  std::int64_t copied =
      (reading.beyond + call.row_stride - 1) / call.row_stride;
  if (copied > call.rows) copied = call.rows;
  const std::int64_t in_place = call.rows - copied;
  if (in_place != 0) all_panels<Products>(packed, rows, in_place, output);
  if (copied == 0) return;

  auto* copy = static_cast<char*>(call.scratch);
  const std::int64_t segment_bytes = 4 * reading.steps;
  __builtin_memset(copy, 0, copied * call.segments * segment_bytes);
  for (std::int64_t r = 0; r < copied; ++r) {
    const char* row = rows.input + (in_place + r) * call.row_stride;
    for (std::int64_t s = 0; s < call.segments; ++s) {
      char* to = copy + (r * call.segments + s) * segment_bytes;
      const char* from = row + s * call.segment_stride;
      for (std::int64_t i = 0; i < reading.length; ++i) to[i] = from[i];
    }
  }
  rows.input = copy;
  rows.stride = call.segments * segment_bytes;
  rows.segment_stride = segment_bytes;
  rows.first = in_place;
  all_panels<Products>(packed, rows, copied, output);
}

void bits(const LinearCall& call, std::uint64_t* out) {
  run(call, ToBits{static_cast<const std::int32_t*>(call.thresholds), out,
                   call.out_stride});
}

void sums(const LinearCall& call, std::int32_t* out) {
  run(call, ToSums{out, call.outputs, call.out_stride});
}

bool takes(const LinearLayer& layer) {
  return layer.input == InputEncoding::pixels &&
         packed_bytes(layer) <= kPatchWeightBytes &&
         __builtin_cpu_supports("avx512vnni");
}

}  // namespace

const LinearKernel kAvx512Patches{"vpdpbusd, 16 channels a vector",
                                  takes,
                                  packed_bytes,
                                  threshold_bytes,
                                  scratch_bytes,
                                  pack,
                                  pack_thresholds,
                                  bits,
                                  sums};

}  // namespace signet::runtime

// What one instruction-set level offers. A level is one file and one object of
// type Level, listed in levels.cpp; kernels/README.md says how to add one.
//
// Files of a level are compiled with flags that other processors cannot run,
// and the linker keeps one copy of an inline function. So this header and
// those files use no inline function of the standard library, and have
// none of their own outside an unnamed namespace (tests/runtime looks).
#pragma once

#include <cstddef>
#include <cstdint>

#include "signet/runtime/encoding.h"
#include "signet/runtime/isa.h"
#include "signet/runtime/kernels/real_kernel.h"

namespace signet::runtime {

/// A binary linear layer in the canonical layout of the model file.
struct LinearLayer {
  std::int64_t inputs;
  std::int64_t outputs;
  InputEncoding input;
  const std::uint64_t* weights;  ///< [outputs, words_for(inputs)]
  /// Pieces of equal length that a row of inputs comes in, one behind the
  /// other in the weights. Of signs and bits, several are whole words each.
  std::int64_t segments = 1;
};

constexpr std::int64_t kReadableBeyond = 3;

/// One call of a kernel, for `rows` rows of inputs. Rows may overlap: those of
/// a convolution are the windows at neighbouring pixels of an image, whose
/// lines are the segments.
struct LinearCall {
  std::int64_t inputs;
  std::int64_t outputs;
  const void* packed;      ///< what pack() wrote
  const void* thresholds;  ///< what pack_thresholds() wrote; sums() needs none
  /// The first row: uint8_t if pixels, otherwise uint64_t, where a row of one
  /// segment is padded with 0 bits to whole words. Behind pixels in several
  /// segments kReadableBeyond bytes of any value can be read.
  const void* input;
  std::int64_t rows;
  std::int64_t row_stride;      ///< bytes from row to row of the input
  std::int64_t segments;        ///< as in LinearLayer
  std::int64_t segment_stride;  ///< bytes from segment to segment
  std::int64_t out_stride;  ///< words or int32s from row to row of the output
  void* scratch;            ///< scratch_bytes(), aligned to 64
  /// For kernels that take groups, such as the lines of an image: `rows` rows
  /// in each.
  std::int64_t groups = 1;
  std::int64_t group_stride = 0;      ///< as row_stride
  std::int64_t group_out_stride = 0;  ///< as out_stride
};

/// s_j = sum_k w_jk x_k as an exact int32, for one family of layers. The scalar
/// kernels take every layer and define the result, all others give the same.
/// How weights are packed is each kernel's own affair. Thresholds are packed
/// apart from them: one layer may need several, such as a convolution whose
/// padding counts nothing.
struct LinearKernel {
  const char* name;  ///< what it does, for people: "pixel tables, 3 x 5 bits"
  /// Whether this kernel can, and should, run a layer here. Like the sizes
  /// below it does not read the weights.
  bool (*takes)(const LinearLayer& layer);
  /// Bytes that pack() and pack_thresholds() write, and that calls may write
  /// for themselves.
  std::size_t (*packed_bytes)(const LinearLayer& layer);
  std::size_t (*threshold_bytes)(const LinearLayer& layer);
  std::size_t (*scratch_bytes)(const LinearLayer& layer);
  /// Repacks weights; `packed` is zeroed and aligned to 64, as below.
  void (*pack)(const LinearLayer& layer, void* packed);
  /// Repacks `thresholds` [outputs] of this layer.
  void (*pack_thresholds)(const LinearLayer& layer,
                          const std::int32_t* thresholds, void* packed);
  /// s_j >= t_j, packed: rows of words_for(outputs) words, padded with 0.
  void (*bits)(const LinearCall& call, std::uint64_t* out);
  /// s_j: rows of `outputs` int32s.
  void (*sums)(const LinearCall& call, std::int32_t* out);
  /// Whether calls may have more than one group: it needs many rows at once.
  bool takes_groups = false;
};

/// Packs rows of n values into rows of words_for(n) words, as packing.h says:
/// 0 where a byte is 0; 1 where a float is >= 0, so a NaN is 0.
struct RowPackers {
  void (*bytes)(const std::uint8_t* values, std::int64_t rows, std::int64_t n,
                std::uint64_t* words);
  void (*signs)(const float* values, std::int64_t rows, std::int64_t n,
                std::uint64_t* words);
};

/// A level. It need not take every layer: the levels below take the rest.
struct Level {
  Isa isa;
  bool (*supported)();                  ///< whether this processor can run it
  const LinearKernel* const* kernels;   ///< best first, ended by null
  const RowPackers* packers = nullptr;  ///< null: nothing better than below
  const RealKernel* real = nullptr;     ///< the same
};

/// With c mismatches between weights and inputs, s = base - step * c: for
/// signs base is the number of inputs and step 2; for {0,1} base is the number
/// of +1 weights and step 1.
struct CountRule {
  std::int32_t base;
  std::int32_t step;
};
CountRule count_rule(const LinearLayer& layer, std::int64_t output);

/// The largest c for which s >= threshold; -1 if there is none.
std::int32_t count_limit(const LinearLayer& layer, std::int64_t output,
                         std::int32_t threshold);

}  // namespace signet::runtime

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

namespace signet::runtime {

/// A binary linear layer in the canonical layout of the model file.
struct LinearLayer {
  std::int64_t inputs;
  std::int64_t outputs;
  InputEncoding input;
  const std::uint64_t* weights;  ///< [outputs, words_for(inputs)]
};

/// One call of a kernel, for `rows` examples.
struct LinearCall {
  std::int64_t inputs;
  std::int64_t outputs;
  const void* packed;      ///< what pack() wrote
  const void* thresholds;  ///< what pack_thresholds() wrote; sums() needs none
  /// pixels: uint8_t [rows, inputs]; otherwise uint64_t [rows,
  /// words_for(inputs)], padded with 0 bits.
  const void* input;
  std::int64_t rows;
  void* scratch;  ///< scratch_bytes(), aligned to 64
};

/// s_j = sum_k w_jk x_k as an exact int32, for one family of inputs. The scalar
/// kernel defines the result, all others give the same.
/// How weights are packed is each kernel's own affair. Thresholds are packed
/// apart from them: one layer may need several, such as a convolution whose
/// padding counts nothing.
struct LinearKernel {
  const char* name;  ///< what it does, for people: "pixel tables, 3 x 5 bits"
  /// Bytes that pack() and pack_thresholds() write, and that calls may write
  /// for themselves.
  std::size_t (*packed_bytes)(std::int64_t inputs, std::int64_t outputs);
  std::size_t (*threshold_bytes)(std::int64_t outputs);
  std::size_t (*scratch_bytes)(std::int64_t inputs, std::int64_t outputs);
  /// Repacks weights; `packed` is zeroed and aligned to 64, as below.
  void (*pack)(const LinearLayer& layer, void* packed);
  /// Repacks `thresholds` [outputs] of this layer.
  void (*pack_thresholds)(const LinearLayer& layer,
                          const std::int32_t* thresholds, void* packed);
  /// s_j >= t_j, packed: out is [rows, words_for(outputs)], padded with 0.
  void (*bits)(const LinearCall& call, std::uint64_t* out);
  /// s_j: out is [rows, outputs].
  void (*sums)(const LinearCall& call, std::int32_t* out);
};

/// A level: null where it has nothing better than the level below.
struct Level {
  Isa isa;
  bool (*supported)();         ///< whether this processor can run it
  const LinearKernel* pixels;  ///< inputs are bytes
  const LinearKernel* binary;  ///< inputs are packed signs or bits
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

// Drawing units: sums of a layer in, bits out, a kernel for each level. All
// give the same bits, and the same as signet/core draws for these logits.
#pragma once

#include <cstdint>

#include "signet/runtime/drawing/address.h"
#include "signet/runtime/format/description.h"
#include "signet/runtime/isa.h"

namespace signet::runtime {

/// Draws a layer's units several times, once for each replica.
struct DrawCall {
  NoiseFamily noise;
  drawing::Address address;  ///< of the first replica; the others follow it
  std::int64_t replicas;
  std::int64_t units;     ///< of one replica
  std::int64_t channels;  ///< unit e is of channel e % channels
  const double* scale;    ///< [channels + kGroup - 1]: the first channels
  const double* offset;   ///< come again behind the last
  /// [replicas][units], readable for kGroup - 1 values more. A stride of 0: all
  /// replicas have the same sums.
  const std::int32_t* sums;
  std::int64_t sums_stride;
  std::int64_t out_stride;  ///< words from replica to replica
};

struct DrawKernel {
  Isa isa;
  bool (*supported)();
  /// out[r] is words_for(units) words: bit e is u < F(a), or a >= 0 without
  /// noise, a = float(scale s + offset), u the number e of the replica's
  /// stream. The rest of the last word is 0.
  void (*bits)(const DrawCall& call, std::uint64_t* out);
};

/// The kernel of the best level that is at most `isa` and runs here.
const DrawKernel& choose_draw_kernel(Isa isa);

}  // namespace signet::runtime

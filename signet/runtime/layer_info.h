// What is known of a layer once it is packed, for people.
#pragma once

#include <cstdint>
#include <string>

#include "signet/runtime/format/description.h"

namespace signet::runtime {

struct PackedLayer;

struct LayerInfo {
  std::string kind;  ///< "binary linear", "real linear", "max pooling" ...
  std::string name;
  MapShape in;  ///< {1, 1, n} for a row
  MapShape out;
  std::int64_t inputs = 0;   ///< values of in
  std::int64_t outputs = 0;  ///< values of out
  /// "3x3, stride 1, pad 1 zero", "2x2, stride 2"; "" for linear.
  std::string window;
  InputEncoding input = InputEncoding::signs;
  NoiseFamily noise = NoiseFamily::none;  ///< of its units
  bool gives_scores = false;              ///< otherwise bits
  std::int64_t weights = 0;
  int weight_bits = 1;          ///< in the file: 1, or 32 of real weights
  std::int64_t macs = 0;        ///< multiply-accumulates an example
  std::int64_t file_bytes = 0;  ///< weights, thresholds or scales, noise
  std::int64_t packed_bytes =
      0;               ///< the same in memory, as the kernel wants it
  std::string kernel;  ///< "avx512vpopcnt: xor and vpopcntd, ..."
};

/// What the file says of a layer and what became of it.
LayerInfo describe(const Layer& layer, const PackedLayer& packed);

}  // namespace signet::runtime

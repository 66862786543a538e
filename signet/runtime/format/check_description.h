// Whether a model can be run: every size of a file is tested here before use.
#pragma once

#include <cstdint>

#include "signet/runtime/format/description.h"
#include "signet/runtime/result.h"

namespace signet::runtime {

/// Most values of an example before, in and after a layer, most under a
/// window: with 8-bit inputs, sums and twice the sums then stay within int32.
constexpr std::int64_t kMaxWidth = std::int64_t{1} << 22;
/// Most values of an example with its padding.
constexpr std::int64_t kMaxPaddedWidth = 4 * kMaxWidth;
/// Most layers of a model.
constexpr std::int64_t kMaxLayers = 1024;

/// Whether a description can be run: widths within their limits, sizes that
/// match, each layer as wide as the one before, windows that fit, pixels only
/// in front, scores only and always at the end, by a linear layer, and finite
/// for every input, rows padded with 0; sampled layers none or all, logits
/// finite for every input.
/// Errors: one line that names the layer.
Result<Done> check_description(const ModelDescription& model);

}  // namespace signet::runtime

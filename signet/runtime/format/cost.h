// What an example costs, before anything is packed or run.
#pragma once

#include <cstdint>

#include "signet/runtime/format/description.h"

namespace signet::runtime {

/// Steps that a model which may run costs unless the caller says otherwise:
/// about ten seconds an example at the scalar level. VGG-16 on images of 224 x
/// 224 takes 4 % of it.
constexpr std::int64_t kMaxSteps = std::int64_t{1} << 33;

/// Steps of one example: words of weights that meet words of inputs, pixels
/// that meet weights, words or pixels under a window. Each takes about a
/// nanosecond at the scalar level, less at the others. A few bytes of a file
/// can ask for any number of them.
std::int64_t steps(const ModelDescription& model);

}  // namespace signet::runtime

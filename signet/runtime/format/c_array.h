// A model file as C source, for programs that have no file system.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "signet/runtime/result.h"

namespace signet::runtime {

/// A C header with the bytes of a model file: an aligned constant array
/// NAME_bytes, the numbers NAME_INPUTS and NAME_OUTPUTS (NAME in capitals),
/// include guards, and what the model is in comments. C99, C11 and C++.
/// Errors: bytes that parse() refuses; a name that is no identifier.
Result<std::string> c_array(std::span<const std::uint8_t> bytes,
                            std::string_view name);

}  // namespace signet::runtime

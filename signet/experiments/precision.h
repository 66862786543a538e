#pragma once

#include <c10/core/ScalarType.h>

#include <string>

namespace signet {

/// Whether this processor multiplies bfloat16 in hardware (AVX512-BF16 or
/// AMX-BF16), so that products in it are faster than in float.
bool multiplies_bfloat16();

/// "auto" as this machine does it, "bf16" or "fp32"; others as they are.
std::string resolved_precision(const std::string& precision);

/// The type of a resolved precision.
at::ScalarType product_type(const std::string& precision);

}  // namespace signet

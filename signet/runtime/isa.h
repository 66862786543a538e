// Instruction-set levels of the kernels, and how one is chosen.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "signet/runtime/result.h"

namespace signet::runtime {

/// Levels, slowest first on x86; neon is Arm's. Named by the processor feature
/// that a level needs, not by product. Every level gives the same bits.
enum class Isa { scalar, avx2, avx512vpopcnt, amx, neon };

/// "scalar", "avx2", "avx512vpopcnt", "amx" or "neon".
std::string_view isa_name(Isa isa);

/// Levels that this build has kernels for and this processor can run, slowest
/// first. scalar is always one of them.
std::vector<Isa> available_isas();

/// The level of this name.
/// Errors: as choose_isa(), which `source` begins.
Result<Isa> find_isa(std::string_view name, std::string_view source);

/// The best level available here, capped by the environment variable
/// SIGNET_FORCE_ISA (read at each call; unset or empty: no cap) and by `cap`.
/// Errors: a name that is unknown or a level that is not available here; the
/// message lists what is.
Result<Isa> choose_isa(std::optional<Isa> cap = std::nullopt);

}  // namespace signet::runtime

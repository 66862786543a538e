#pragma once

#include <nlohmann/json_fwd.hpp>

#include "signet/report/page.h"

namespace signet::report {

/// A block as a JSON object {"kind": "chart", ...}, and back: the same values,
/// a NaN or an infinity as null, which reads as NaN.
nlohmann::json block_to_json(const Block& block);
/// Errors: throws nlohmann::json::exception for another object.
Block block_from_json(const nlohmann::json& json);

}  // namespace signet::report

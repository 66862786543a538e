#pragma once

#include <string>

#include "signet/measure/basket.h"
#include "signet/measure/measurement.h"

namespace signet {

/// Everything measured, as JSON; `basket` may be null. What is not a number
/// (a relative figure of a gradient of norm 0) is null.
std::string measurement_json(const Measurement& measurement,
                             const Basket* basket, const std::string& command);

}  // namespace signet

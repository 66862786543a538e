#pragma once

#include <string>

#include "signet/measure/basket.h"
#include "signet/measure/measurement.h"
#include "signet/report/page.h"

namespace signet {

/// A measurement as a page: of each group the relative RMSE of the mean of n
/// samples against n, log-log, where a bias shows as a floor, and the tables.
/// `basket` may be null.
report::Page measurement_page(const Measurement& measurement,
                              const Basket* basket, const std::string& command);

}  // namespace signet

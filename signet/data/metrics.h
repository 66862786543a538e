#pragma once

#include "signet/data/csv.h"

namespace signet {

/// metrics.csv has a row an epoch: 1, 2, 3, ...
/// Errors: throws, naming the first row that is of another epoch, so that lost,
/// doubled or moved rows are noticed.
void check_epochs(const CsvTable& metrics);

}  // namespace signet

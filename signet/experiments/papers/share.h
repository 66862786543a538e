#pragma once

#include "signet/experiments/claim.h"

namespace signet {

/// The share of trials that succeeded, with the interval of Clopper and
/// Pearson: every p under which no fewer and no more successes than seen have
/// at least the probability (1 - confidence) / 2. It holds for every p and
/// has a width even where all trials or none succeed.
/// Errors: UsageError unless 0 <= successes <= trials and trials > 0.
/// Source: Clopper, Pearson 1934.
Statistic share_of(int64_t successes, int64_t trials, double confidence = 0.95);

}  // namespace signet

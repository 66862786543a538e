#pragma once

#include "signet/measure/problem.h"

namespace signet {

/// The network and the points on which the authors of PSA compare estimators,
/// in their coordinates: units {0, 1} with P(x = 1) = sigma(a), where ours have
/// sigma(2a), and the start of their code. Hidden weights and biases are
/// uniform in [-1, 1] and then scaled and shifted so that every pre-activation
/// has mean 0 and deviation 1, as moments carried forward with independent
/// units have them; the output's stay uniform in [-1, 1]. Points and numbers
/// are those of the problem "cosine" of that seed.
/// Source: Shekhovtsov, Yanush, Flach 2020, the published code, gradeval/.
Problem gradeval_problem(int64_t seed);

}  // namespace signet

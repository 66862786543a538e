// What a classifier's samples say together.
#pragma once

#include <cstdint>

namespace signet::runtime {

/// Adds the softmax of `scores` to `sums`, both [n], and gives its entropy in
/// nats. `scratch` is [n].
double add_softmax(const float* scores, std::int64_t n, double* scratch,
                   double* sums);

/// -sum p log p of probabilities [n], in nats; 0 log 0 = 0.
double entropy(const double* p, std::int64_t n);

}  // namespace signet::runtime

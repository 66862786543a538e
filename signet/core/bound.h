#pragma once

#include "signet/core/objective.h"

namespace signet {

/// The loss of each example of K runs, [K, E], as the multi-sample bound
/// -log (1/K) sum_k exp(-L_k), [E]. For a loss -log w it is the importance
/// weighted bound of Burda, Grosse, Salakhutdinov 2016, arXiv:1509.00519.
Tensor sample_bound(const Tensor& losses);

/// The objective whose loss is that bound of `samples` runs of `objective`,
/// one after another with the same sampler.
Objective with_sample_bound(const Objective& objective, int64_t samples);

}  // namespace signet

#pragma once

#include <cstdint>
#include <vector>

namespace signet {

/// A partition of 0 ... n-1; both parts in ascending order.
struct Split {
  std::vector<int64_t> train;
  std::vector<int64_t> validation;
};

/// Takes `validation` of n examples at random, every subset equally likely, for
/// validation and leaves the others for training. The same arguments give
/// the same split on every machine: the first `validation` steps of a
/// Fisher-Yates shuffle of 0 ... n-1, with bounded numbers from splitmix64
/// without modulo bias (a draw above the largest multiple of the bound is drawn
/// again).
/// Cost: O(n).
/// Errors: throws unless 0 <= validation <= n.
/// Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
/// generators" (splitmix64); Durstenfeld 1964 (shuffle).
Split split_indices(int64_t n, int64_t validation, uint64_t seed);

}  // namespace signet

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace signet {

/// What a stream of random numbers is for, when it is not for the units of a
/// network. Each use has 2^24 streams, told apart by an index.
enum class RandomUse : uint32_t {
  shuffle,
  split,           ///< train, validation, test
  initialization,  ///< index: parameter
  weights,         ///< stochastic weights; index: layer
  dropout,         ///< index: layer
  augmentation,
  auxiliary,  ///< a second stream beside that of a site; index: the site
  measurement,
  user,  ///< never used by signet itself
};

/// Sites of stochastic units are below this; those of a RandomUse are not.
inline constexpr uint32_t kFirstReservedSite = uint32_t{1} << 31;

/// All random numbers of one stream. A value, not a generator: the same
/// address gives the same numbers, in any order, on any number of threads, at
/// every instruction-set level and on every device.
///
/// Element e is word (e % 64) / 16 of Philox4x32-10 block
/// (e / 64) * 16 + e % 16, with key seed (low word first) and counter
/// {block, site, step, replica}. So 16 neighbouring elements are one word of
/// 16 neighbouring blocks, and vector lanes store them without a transpose.
struct RandomStream {
  uint64_t seed = 0;
  uint32_t step = 0;
  uint32_t replica = 0;
  uint32_t site = 0;

  /// Elements of a stream: 2^32 blocks of four words.
  static constexpr int64_t kMaxElements = int64_t{1} << 34;

  /// Independent numbers on (0, 1): u = (2 floor(w / 2^9) + 1) / 2^24 for the
  /// element's word w. Never 0 or 1; symmetric, and 1 - u is exact, so an
  /// antithetic pair is (u, 1 - u). The same numbers in float and in double.
  /// Cost: about 0.3 ns a number and thread with AVX-512.
  /// Errors: UsageError if the type is not float or double, or if there are
  /// more than kMaxElements.
  at::Tensor uniform(at::IntArrayRef shape,
                     const at::TensorOptions& options = {}) const;

  /// A uniformly distributed order of 0 .. n-1 (int64 [n], on the CPU): the
  /// stable order of n 64-bit keys, two words each.
  at::Tensor permutation(int64_t n) const;
};

/// The source of all randomness of a program: hand it on as an argument.
///   random.at_step(t).replica(r).site(layer).uniform({100, 1024})
class Random {
 public:
  explicit Random(uint64_t seed) : stream_{.seed = seed} {}

  uint64_t seed() const { return stream_.seed; }

  /// The same source at training step `step`.
  Random at_step(uint32_t step) const;
  /// The source of an independent repetition of the same step.
  Random replica(uint32_t replica) const;
  /// Another independent source for the same step and replica, under a seed
  /// made of this one and `k`. An estimator's own: main path, branches, extra
  /// numbers. May be nested.
  Random branch(uint64_t k) const;

  /// The stream of a layer of units.
  /// Errors: UsageError unless site < kFirstReservedSite.
  RandomStream site(uint32_t site) const;
  /// The stream of another use. Errors: UsageError unless index < 2^24.
  RandomStream site(RandomUse use, uint32_t index = 0) const;

 private:
  RandomStream stream_;
};

}  // namespace signet

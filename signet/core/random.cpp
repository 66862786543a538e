#include "signet/core/random.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "signet/core/checks.h"
#include "signet/core/kernels/level.h"
#include "signet/core/kernels/parallel.h"

namespace signet {
namespace {

kernels::Address address_of(const RandomStream& s) {
  return {s.seed, s.site, s.step, s.replica};
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): a bijection.
uint64_t scrambled(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

}  // namespace

at::Tensor RandomStream::uniform(at::IntArrayRef shape,
                                 const at::TensorOptions& options) const {
  const auto type = c10::typeMetaToScalarType(options.dtype());
  check(type == at::kFloat || type == at::kDouble, "RandomStream::uniform",
        std::string("type must be float or double, but got ") +
            c10::toString(type));
  auto result = at::empty(shape, at::TensorOptions(at::kFloat));
  check(result.numel() <= kMaxElements, "RandomStream::uniform",
        "shape must have at most 2^34 elements, but got " + shape_text(shape));
  float* out = result.data_ptr<float>();
  const auto fill = kernels::level().uniform;
  const auto address = address_of(*this);
  kernels::for_each_range(result.numel(), [&](int64_t first, int64_t count) {
    fill(address, first / kernels::kGroup, count, out + first);
  });
  return result.to(options);
}

at::Tensor RandomStream::permutation(int64_t n) const {
  check(n >= 0 && n <= kMaxElements / 2, "RandomStream::permutation",
        "n must be in [0, 2^33], but got " + std::to_string(n));
  std::vector<uint32_t> words(2 * n);
  kernels::level().words(address_of(*this), 0, 2 * n, words.data());
  std::vector<std::pair<uint64_t, int64_t>> keys(n);
  for (int64_t i = 0; i < n; ++i) {
    keys[i] = {uint64_t{words[2 * i]} << 32 | words[2 * i + 1], i};
  }
  std::sort(keys.begin(), keys.end());
  auto result = at::empty({n}, at::TensorOptions(at::kLong));
  std::transform(keys.begin(), keys.end(), result.data_ptr<int64_t>(),
                 [](const auto& key) { return key.second; });
  return result;
}

Random Random::at_step(uint32_t step) const {
  Random random = *this;
  random.stream_.step = step;
  return random;
}

Random Random::replica(uint32_t replica) const {
  Random random = *this;
  random.stream_.replica = replica;
  return random;
}

Random Random::branch(uint64_t k) const {
  Random random = *this;
  random.stream_.seed =
      scrambled(scrambled(stream_.seed) + (k + 1) * 0x9E3779B97F4A7C15);
  return random;
}

RandomStream Random::site(uint32_t site) const {
  check(site < kFirstReservedSite, "Random::site",
        "site must be below 2^31, but got " + std::to_string(site));
  RandomStream stream = stream_;
  stream.site = site;
  return stream;
}

RandomStream Random::site(RandomUse use, uint32_t index) const {
  check(index < uint32_t{1} << 24, "Random::site",
        "index must be below 2^24, but got " + std::to_string(index));
  RandomStream stream = stream_;
  stream.site = kFirstReservedSite + (static_cast<uint32_t>(use) << 24) + index;
  return stream;
}

}  // namespace signet

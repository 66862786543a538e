#include "signet/core/kernels/parallel.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "signet/core/kernels/level.h"

namespace signet::kernels {

void for_each_part(int64_t count, int64_t grain,
                   const std::function<void(int64_t, int64_t)>& body) {
  at::parallel_for(0, count, grain, body);
}

void for_each_range(int64_t count,
                    const std::function<void(int64_t, int64_t)>& body) {
  // A thread's start costs a few microseconds, a group about 40 ns.
  constexpr int64_t kGrain = 512;
  const int64_t groups = (count + kGroup - 1) / kGroup;
  for_each_part(groups, kGrain, [&](int64_t begin, int64_t end) {
    body(begin * kGroup, std::min(end * kGroup, count) - begin * kGroup);
  });
}

}  // namespace signet::kernels

#include "signet/optim/one_pass.h"

#include <algorithm>
#include <atomic>

#include "signet/core/kernels/parallel.h"
#include "signet/core/torch.h"

namespace signet {

bool is_plain_float(const at::Tensor& t) {
  return t.device().is_cpu() && t.scalar_type() == torch::kFloat &&
         t.is_contiguous();
}

int64_t sum_over_ranges(int64_t n,
                        const std::function<int32_t(int64_t, int64_t)>& body) {
  constexpr int64_t kMost = int64_t{1} << 30;
  std::atomic<int64_t> sum = 0;
  kernels::for_each_range(n, [&](int64_t begin, int64_t count) {
    for (int64_t first = begin; first < begin + count; first += kMost)
      sum += body(first, std::min(kMost, begin + count - first));
  });
  return sum;
}

}  // namespace signet

#include "signet/optim/signs.h"

#include <atomic>

#include "signet/core/kernels/parallel.h"
#include "signet/core/kernels/vectorized.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

SIGNET_VECTORIZED
void signs_range(const float* x, uint8_t* positive, int64_t n) {
  for (int64_t i = 0; i < n; ++i) positive[i] = x[i] >= 0;
}

SIGNET_VECTORIZED
int64_t flips_range(const float* x, const uint8_t* positive, int64_t n) {
  constexpr int64_t kBlock = int64_t{1} << 20;  // the count fits 32 bits
  int64_t flips = 0;
  for (int64_t first = 0; first < n; first += kBlock) {
    const int64_t end = std::min(n, first + kBlock);
    int32_t count = 0;
    for (int64_t i = first; i < end; ++i) count += (x[i] >= 0) != positive[i];
    flips += count;
  }
  return flips;
}

bool is_fast(const at::Tensor& x) {
  return x.device().is_cpu() && x.scalar_type() == torch::kFloat &&
         x.is_contiguous();
}

}  // namespace

at::Tensor positive_signs(const at::Tensor& x) {
  if (!is_fast(x)) return (x.detach() >= 0).to(torch::kUInt8);
  auto positive = torch::empty(x.sizes(), torch::kUInt8);
  kernels::for_each_range(x.numel(), [&](int64_t first, int64_t count) {
    signs_range(x.data_ptr<float>() + first,
                positive.data_ptr<uint8_t>() + first, count);
  });
  return positive;
}

int64_t count_flips(const at::Tensor& x, const at::Tensor& positive) {
  if (!is_fast(x)) return (positive_signs(x) != positive).sum().item<int64_t>();
  std::atomic<int64_t> flips = 0;
  kernels::for_each_range(x.numel(), [&](int64_t first, int64_t count) {
    flips += flips_range(x.data_ptr<float>() + first,
                         positive.data_ptr<uint8_t>() + first, count);
  });
  return flips;
}

}  // namespace signet

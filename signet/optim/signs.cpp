#include "signet/optim/signs.h"

#include "signet/core/kernels/parallel.h"
#include "signet/core/kernels/vectorized.h"
#include "signet/core/torch.h"
#include "signet/optim/one_pass.h"

namespace signet {
namespace {

SIGNET_VECTORIZED
void signs_range(const float* x, uint8_t* positive, int64_t n) {
  for (int64_t i = 0; i < n; ++i) positive[i] = x[i] >= 0;
}

SIGNET_VECTORIZED
int32_t flips_range(const float* x, const uint8_t* positive, int64_t n) {
  int32_t flips = 0;
  for (int64_t i = 0; i < n; ++i) flips += (x[i] >= 0) != positive[i];
  return flips;
}

}  // namespace

at::Tensor positive_signs(const at::Tensor& x) {
  if (!is_plain_float(x)) return (x.detach() >= 0).to(torch::kUInt8);
  auto positive = torch::empty(x.sizes(), torch::kUInt8);
  kernels::for_each_range(x.numel(), [&](int64_t first, int64_t count) {
    signs_range(x.data_ptr<float>() + first,
                positive.data_ptr<uint8_t>() + first, count);
  });
  return positive;
}

int64_t count_flips(const at::Tensor& x, const at::Tensor& positive) {
  if (!is_plain_float(x))
    return (positive_signs(x) != positive).sum().item<int64_t>();
  const auto* from = x.data_ptr<float>();
  const auto* signs = positive.data_ptr<uint8_t>();
  return sum_over_ranges(x.numel(), [&](int64_t first, int64_t count) {
    return flips_range(from + first, signs + first, count);
  });
}

}  // namespace signet

#include "signet/core/flips.h"

#include <algorithm>

#include "signet/core/torch.h"

namespace signet {
namespace {

constexpr int64_t kBlockUnits = int64_t{1} << 22;

}  // namespace

Tensor over_flips(
    const PathLayer& layer, const Tensor& loss,
    const std::function<Tensor(const Tensor& flipped, int64_t first)>& run) {
  const auto examples = loss.numel();
  const auto x = layer.x.reshape({1, examples, -1});
  const auto other = layer.flipped().reshape(x.sizes());
  const auto n = x.size(2);
  const auto unit =
      torch::arange(n, torch::TensorOptions(torch::kInt64).device(x.device()));
  const auto rows =
      std::clamp<int64_t>(kBlockUnits / std::max<int64_t>(x.numel(), 1), 1, n);
  std::vector<Tensor> values;
  for (int64_t first = 0; first < n; first += rows) {
    const auto count = std::min(rows, n - first);
    const auto mask = unit.narrow(0, first, count).view({-1, 1, 1}) == unit;
    auto shape = layer.x.sizes().vec();
    shape.insert(shape.begin(), count);
    values.push_back(run(torch::where(mask, other, x).view(shape), first)
                         .reshape({count, examples}));
  }
  return torch::cat(values).t().reshape(layer.x.sizes());
}

Tensor flip_slope(const PathLayer& layer) {
  const auto slope = layer.units.noise->density(layer.logits.detach());
  return torch::where(layer.is_high(), -slope, slope);
}

}  // namespace signet

#include "signet/core/bound.h"

#include <cmath>
#include <utility>
#include <vector>

#include "signet/core/torch.h"

namespace signet {

Tensor sample_bound(const Tensor& losses) {
  return std::log(static_cast<double>(losses.size(0))) -
         torch::logsumexp(-losses, 0);
}

Objective with_sample_bound(const Objective& objective, int64_t samples) {
  return [=](Sampler& sampler) {
    std::vector<Tensor> losses;
    for (int64_t k = 0; k < samples; ++k) losses.push_back(objective(sampler));
    // A sampler may put its axis of samples in front of the later runs only.
    return sample_bound(torch::stack(torch::broadcast_tensors(losses)));
  };
}

}  // namespace signet

#include "signet/core/channel_map.h"

#include "signet/core/torch.h"

namespace signet {

ChannelArrays::ChannelArrays(const NormalizedLogits& logits)
    : channels_(logits.mean.numel()) {
  const auto values = [&](const Tensor& t, float fallback) {
    const auto all = t.defined() ? t.contiguous() : t;
    const float* from = t.defined() ? all.data_ptr<float>() : nullptr;
    return repeated(channels_,
                    [&](int64_t c) { return from ? from[c] : fallback; });
  };
  mean_ = values(logits.mean, 0);
  scale_ = values(logits.weight, 1);
  bias_ = values(logits.bias, 0);
  const auto inverse = values(logits.inverse_deviation, 1);
  for (size_t i = 0; i < scale_.size(); ++i) scale_[i] *= inverse[i];
}

}  // namespace signet

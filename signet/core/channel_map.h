#pragma once

#include <vector>

#include "signet/core/kernels/level.h"
#include "signet/core/normalized_logits.h"

namespace signet {

/// A value of each channel, laid out as kernels::ChannelMap wants it.
template <class Value>
std::vector<float> repeated(int64_t channels, const Value& value) {
  std::vector<float> values(channels + kernels::kGroup - 1);
  for (int64_t c = 0; c < channels; ++c) {
    values[c] = static_cast<float>(value(c));
  }
  for (size_t i = channels; i < values.size(); ++i) {
    values[i] = values[i - channels];
  }
  return values;
}

/// What the kernels take of logits that have kernels.
class ChannelArrays {
 public:
  explicit ChannelArrays(const NormalizedLogits& logits);

  kernels::ChannelMap map() const {
    return {channels_, mean_.data(), scale_.data(), bias_.data()};
  }

 private:
  int64_t channels_;
  std::vector<float> mean_, scale_, bias_;
};

/// Calls body(numbers of x) with the type that the kernels have for it.
template <class Body>
void with_numbers(const Tensor& x, const Body& body) {
  if (x.scalar_type() == at::kFloat) return body(x.data_ptr<float>());
  body(reinterpret_cast<kernels::Bfloat16*>(x.data_ptr<at::BFloat16>()));
}

/// The numbers of `t`, which is of the type that with_numbers gave.
template <class Number>
Number* numbers(const Tensor& t) {
  return static_cast<Number*>(t.data_ptr());
}

}  // namespace signet

#include <bit>

#include "signet/runtime/kernels/kernel.h"
#include "signet/runtime/packing.h"

namespace signet::runtime {

CountRule count_rule(const LinearLayer& layer, std::int64_t output) {
  if (layer.input == InputEncoding::signs) {
    return {static_cast<std::int32_t>(layer.inputs), 2};
  }
  const std::int64_t words = words_for(layer.inputs);
  std::int32_t ones = 0;
  for (std::int64_t w = 0; w < words; ++w) {
    ones += std::popcount(layer.weights[output * words + w]);
  }
  return {ones, 1};
}

std::int32_t count_limit(const LinearLayer& layer, std::int64_t output,
                         std::int32_t threshold) {
  const CountRule rule = count_rule(layer, output);
  const std::int64_t room = std::int64_t{rule.base} - threshold;
  if (room < 0) return -1;
  const std::int64_t limit = room / rule.step;
  return static_cast<std::int32_t>(limit < layer.inputs ? limit : layer.inputs);
}

}  // namespace signet::runtime

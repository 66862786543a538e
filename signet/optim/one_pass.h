#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace signet {

/// Whether a plain loop over floats can work on `t`: on the CPU, contiguous.
bool is_plain_float(const at::Tensor& t);

/// The sum of body(first, count) over ranges that cover `n` elements, on
/// LibTorch's threads if they are many. No range has more than 2^30, so that a
/// loop may count in 32 bits, which vectorise better.
int64_t sum_over_ranges(int64_t n,
                        const std::function<int32_t(int64_t, int64_t)>& body);

}  // namespace signet

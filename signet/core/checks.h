#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>

#include "signet/base/error.h"

namespace signet {

/// Throws UsageError unless `t` is defined and of a floating-point type.
void check_floating(const at::Tensor& t, std::string_view who,
                    std::string_view argument);

/// "[2, 3]"
std::string shape_text(at::IntArrayRef shape);

}  // namespace signet

#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "signet/data/safetensors.h"

namespace signet {

/// A tensor as its bytes: floating-point numbers of 16 to 64 bits, signed
/// integers of 8 to 64.
TensorData to_data(const at::Tensor& tensor);

/// Errors: UsageError that begins with `who`, for another type.
at::Tensor to_tensor(const TensorData& data, const std::string& who);

}  // namespace signet

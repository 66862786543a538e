#include "signet/experiments/tensor_data.h"

#include <cstring>
#include <stdexcept>
#include <utility>

#include "signet/base/error.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

const std::pair<const char*, torch::ScalarType> kTypes[] = {
    {"F32", torch::kFloat}, {"F64", torch::kDouble},    {"I64", torch::kInt64},
    {"F16", torch::kHalf},  {"BF16", torch::kBFloat16}, {"I32", torch::kInt32},
    {"I16", torch::kInt16}, {"I8", torch::kInt8}};

}  // namespace

TensorData to_data(const at::Tensor& tensor) {
  const auto plain = tensor.detach().to(torch::kCPU).contiguous();
  for (const auto& [name, type] : kTypes) {
    if (plain.scalar_type() != type) continue;
    const auto* bytes = static_cast<const uint8_t*>(plain.data_ptr());
    return {name, plain.sizes().vec(), {bytes, bytes + plain.nbytes()}};
  }
  throw std::logic_error("to_data: a tensor of an unexpected type");
}

at::Tensor to_tensor(const TensorData& data, const std::string& who) {
  for (const auto& [type_name, type] : kTypes) {
    if (data.dtype != type_name) continue;
    auto tensor = torch::empty(data.shape, type);
    std::memcpy(tensor.data_ptr(), data.bytes.data(), data.bytes.size());
    return tensor;
  }
  throw UsageError(who +
                   " must be of type F64, F32, F16, BF16, I64, I32, I16 or I8, "
                   "but is " +
                   data.dtype);
}

}  // namespace signet

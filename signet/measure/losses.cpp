#include "signet/measure/losses.h"

#include "signet/base/error.h"
#include "signet/base/names.h"
#include "signet/core/cross_entropy.h"
#include "signet/core/torch.h"

namespace signet {

Tensor logistic_loss(const Tensor& eta, const Tensor& y) {
  return at::softplus(eta * -y);
}

const std::vector<LossKind>& loss_kinds() {
  static const std::vector<LossKind> kinds{
      {.name = "logistic",
       .help = "log(1 + exp(-y eta)) of one output; labels -1/+1 or 0/1",
       .classes = false,
       .loss =
           [](const Tensor& outputs, const Tensor& y) {
             return logistic_loss(outputs.squeeze(-1), y);
           }},
      {.name = "mse",
       .help = "(eta - y)^2 of one output",
       .classes = false,
       .loss =
           [](const Tensor& outputs, const Tensor& y) {
             return (outputs.squeeze(-1) - y).square();
           }},
      {.name = "cross_entropy",
       .help = "-log softmax of one output for each class; labels 0, 1, ...",
       .classes = true,
       .loss =
           [](const Tensor& outputs, const Tensor& y) {
             return cross_entropy(outputs, y.to(at::kLong));
           }},
  };
  return kinds;
}

const LossKind& find_loss(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& kind : loss_kinds()) {
    if (kind.name == name) return kind;
    names.push_back(kind.name);
  }
  throw UsageError(unknown_name("loss", name, names));
}

}  // namespace signet

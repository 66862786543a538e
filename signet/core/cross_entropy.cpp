#include "signet/core/cross_entropy.h"

#include "signet/core/checks.h"
#include "signet/core/torch.h"

namespace signet {

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels) {
  constexpr const char* kWho = "cross_entropy";
  check_floating(logits, kWho, "logits");
  check(labels.defined() &&
            at::isIntegralType(labels.scalar_type(), /*includeBool=*/false),
        kWho,
        std::string("labels must be the numbers of classes, in an integer "
                    "type, but ") +
            (labels.defined()
                 ? std::string("got ") + c10::toString(labels.scalar_type())
                 : "are undefined"));
  check(logits.dim() >= 2 && labels.dim() == 1 &&
            labels.size(0) == logits.size(-2),
        kWho,
        "labels must be [B] for logits [..., B, classes], but got " +
            shape_text(labels.sizes()) + " for " + shape_text(logits.sizes()));
  const auto index = labels.to(at::kLong);
  if (index.numel() > 0) {
    const auto lowest = index.min().item<int64_t>();
    const auto highest = index.max().item<int64_t>();
    check(lowest >= 0 && highest < logits.size(-1), kWho,
          "labels must be in [0, " + std::to_string(logits.size(-1) - 1) +
              "], but got " + std::to_string(lowest < 0 ? lowest : highest));
  }
  const auto log_p = torch::log_softmax(logits, -1);
  const auto target = index.expand(log_p.sizes().slice(0, log_p.dim() - 1));
  return -log_p.gather(-1, target.unsqueeze(-1)).squeeze(-1);
}

}  // namespace signet

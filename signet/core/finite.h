#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>

#include "signet/base/error.h"

namespace signet {

struct NormalizedLogits;

/// A number is NaN, or infinite where it must be finite.
class NotFinite : public UsageError {
 public:
  /// `what` in the singular or plural: "loss", "logits of units".
  NotFinite(std::string_view who, std::string_view what,
            std::string_view value);

  /// "the loss is NaN": without who found it.
  const std::string& brief() const { return brief_; }

 private:
  std::string brief_;
};

/// Whether an element is NaN; whether none is NaN or infinite.
/// Cost: one pass that reads. Contiguous float or double on the CPU: about
/// 0.1 ns an element in cache (9 us for [100, 1024] on a core whose product
/// with [1024, 1024] takes 3.7 ms), on LibTorch's threads if there are many;
/// else by ATen.
bool has_nan(const at::Tensor& t);
bool all_finite(const at::Tensor& t);

/// Throws NotFinite if an element is NaN or infinite. Units would hide it: a
/// NaN is low, and an infinite logit is certain, for which some estimators have
/// factors that are infinite or NaN.
void check_finite(const at::Tensor& t, std::string_view who,
                  std::string_view what);

/// The same for logits that are not written down. Cost: a few values a channel.
void check_finite(const NormalizedLogits& logits, std::string_view who,
                  std::string_view what);

/// Throws NotFinite if an element is NaN.
void check_no_nan(const at::Tensor& t, std::string_view who,
                  std::string_view what);

}  // namespace signet

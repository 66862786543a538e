#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "signet/core/sampler.h"

namespace signet {

/// log(1 + exp(-y eta)), finite for every finite eta.
/// Shapes: eta [..., B], y [B] of -1 and +1.
Tensor logistic_loss(const Tensor& eta, const Tensor& y);

/// What a network's outputs are compared with.
struct LossKind {
  std::string name;
  std::string help;
  bool classes;  ///< the label is the number of a class
  /// Shapes: outputs [..., B, n], label [B]; result [..., B].
  Tensor (*loss)(const Tensor& outputs, const Tensor& label);
};

/// logistic, mse, cross_entropy.
const std::vector<LossKind>& loss_kinds();

/// Errors: UsageError that lists them.
const LossKind& find_loss(std::string_view name);

}  // namespace signet

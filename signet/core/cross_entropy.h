#pragma once

#include <ATen/core/Tensor.h>

namespace signet {

/// -log softmax(logits)[label]: the loss of each example, as an objective
/// returns it, whatever axes a sampler has put in front.
/// Shapes: logits [..., B, classes]; labels [B], the numbers of classes in an
/// integer type; result [..., B].
/// Cost and bits: those of LibTorch's cross_entropy_loss without reduction.
/// Errors: UsageError if a shape or type does not fit or a label is no class.
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels);

}  // namespace signet

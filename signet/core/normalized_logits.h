#pragma once

#include <ATen/core/Tensor.h>

#include "signet/core/kernels/threshold_kernel.h"

namespace signet {

using at::Tensor;

/// Mean and variance of each channel over all axes but the last.
struct ChannelMoments {
  Tensor mean;      ///< [C]
  Tensor variance;  ///< [C], divided by the number of rows, not by one less
};

/// One pass, in float within 32 rows and in double above, of x - shift with a
/// shift near the mean, so a large mean costs no digits. The same bits on
/// every instruction-set level and number of threads.
/// Shapes: x [..., C] with one row at least; float or bfloat16 (moments in
/// float), double (in double). Not on the CPU: by ATen.
/// No derivative.
ChannelMoments channel_moments(const Tensor& x);

/// Logits of batch normalisation that are not written down yet:
///   a = weight (x - mean) inverse_deviation + bias
struct NormalizedLogits {
  Tensor x;                        ///< [..., C]
  Tensor weight, bias;             ///< [C], or undefined: 1 and 0
  Tensor mean, inverse_deviation;  ///< [C], of this x; they carry no gradient

  /// Writes them down: float for x in bfloat16, else the type of x. The
  /// derivative with respect to x is that through mean and deviation as well.
  /// Cost: one pass forward, two backward, if has_kernels and contiguous.
  Tensor value() const;
};

/// The logits of x by its own moments.
/// Errors: UsageError if x has fewer than two rows, or weight or bias is not
/// [C].
NormalizedLogits normalized_logits(const Tensor& x, const Tensor& weight,
                                   const Tensor& bias,
                                   const ChannelMoments& moments,
                                   double epsilon);

/// Whether there are kernels for these logits: x in float or bfloat16 on the
/// CPU, everything else in float.
bool has_kernels(const NormalizedLogits& logits);

/// `y` forward, made from logits of contiguous x, of the type of x; backward
/// g_a = factor F'(a) g_y, and from there that of the normalisation, in two
/// passes: sums, then the gradient with respect to x. For
/// ThresholdKernel::probability F' is 1.
Tensor through_normalization(const NormalizedLogits& logits, const Tensor& y,
                             ThresholdKernel kernel, double factor);

}  // namespace signet

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "signet/base/arguments.h"
#include "signet/base/paper.h"
#include "signet/models/half_gaussian.h"

namespace signet {

using at::Tensor;

/// With M = 2^bits - 1 the highest level, the value of an activation x is
///   uniform:  r k,      k = x / r,      rounded and clamped to 0 .. M
///   pact:     c k / M,  k = (x / c) M,  to the nearest, clamped to 0 .. M
///   dorefa:   pact with c = 1
enum class QuantizerForm { uniform, dorefa, pact };

/// What stands in for dq/dx, which is 0 almost everywhere. For `uniform`;
/// dorefa has 1[0 <= x <= 1] and pact 1[0 <= x < c].
enum class InputGradient {
  identity,     ///< 1
  relu,         ///< 1[x > 0]
  clipped_relu  ///< 1[0 < x <= r M]
};

/// dq/dr of `uniform`: M where x > r M, 0 where x <= 0, and between
enum class ScaleGradient {
  none,   ///< r is fixed
  exact,  ///< k, which is dq/dr almost everywhere (above r M too)
  mean,   ///< the mean of k there: (M + 1) / 2 for ceil, M / 2 for nearest
  min,    ///< the smallest k there: 1 for ceil, 0 for nearest
  pact    ///< 0; of the form `pact`, dq/dc = 1[x >= c]
};

struct QuantizerOptions {
  QuantizerForm form = QuantizerForm::uniform;
  int64_t bits = 4;                                      ///< 1 to 8
  Rounding rounding = Rounding::ceil;                    ///< of `uniform`
  InputGradient backward = InputGradient::clipped_relu;  ///< of `uniform`
  ScaleGradient learn = ScaleGradient::none;
  double scale = 1;  ///< r or c, or where it starts if it is learned
  double rate = 1;   ///< factor of the gradient of r or c, for the whole batch
  double limit = std::numeric_limits<double>::infinity();  ///< and its bound

  int64_t top() const { return (int64_t{1} << bits) - 1; }  ///< M
};

/// Quantised activations, of at most 2^bits different values.
///
/// A learned scale is used as if clamped to [1e-3, 5] (pact: [1e-3, 1e3]); the
/// part of its gradient that would lead a descent further out is dropped.
/// Shapes: x any; scale one element, r or c (dorefa does not read it); result
/// as x. NaN stays NaN.
/// Errors: UsageError if x is not floating-point, scale has not one element,
/// or bits is not in [1, 8].
/// Source: the records of quantizers().
Tensor quantize(const Tensor& x, const Tensor& scale,
                const QuantizerOptions& options);

/// The same with the fixed scale of the options.
Tensor quantize(const Tensor& x, const QuantizerOptions& options);

/// DoReFa's weights: 2 k / M - 1, where k = M (t / max|t| + 1) / 2 to the
/// nearest and t = tanh(w). Ties go up, so 0 becomes +1 / M.
///
/// Gradient: (1 - t^2) / max|t|, as if the maximum were a constant. (For one
/// bit the paper has sign(w) mean|w| instead.) Where all weights are 0 the
/// values are +1 / M, but the gradient has no limit.
/// Shapes: w any, result the same; the maximum is that of the whole tensor.
/// Errors: UsageError if w is empty or has a NaN, bits is not in [1, 8], or
/// a gradient is asked for and 1 / max|t| is not finite.
/// Source: Zhou et al. 2016, arXiv:1606.06160.
Tensor dorefa_weights(const Tensor& w, int64_t bits);

/// One row of the table of quantised activations.
struct Quantizer {
  std::string name;
  std::string summary;  ///< one line
  std::string help;     ///< Markdown
  std::vector<Paper> papers;
  std::vector<std::string> parameters;  ///< those that it reads
  QuantizerOptions (*read)(const Arguments& arguments);
};

/// uniform, dorefa, pact.
const std::vector<Quantizer>& quantizers();

/// All parameters of a layer of quantised activations: `form`, the name of a
/// record, and those of all records.
const std::vector<Parameter>& quantizer_parameters();

/// Errors: UsageError if a parameter that the form does not read is not at its
/// default, or if resolution is neither half-gaussian nor in [1e-3, 5].
QuantizerOptions read_quantizer(const Arguments& arguments);

}  // namespace signet

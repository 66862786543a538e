#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "signet/core/kernels/threshold_kernel.h"
#include "signet/runtime/drawing/address.h"

namespace signet::kernels {

using drawing::Address, drawing::kGroup;

/// Rows and columns of the matrices that the kernels of products take.
inline constexpr int64_t kMaxSide = 64;

/// A matrix from `inputs` to `outputs` values; w(k, j), from input k to output
/// j, is values[k * input_stride + j * output_stride].
struct SmallMatrix {
  const float* values;
  int64_t inputs, outputs;
  int64_t input_stride, output_stride;
};

/// Segments of rows, each row contiguous and right behind the one before.
struct Rows {
  const float* values;
  int64_t columns;
  int64_t segment_stride;
};

/// The upper half of the bits of a float.
enum class Bfloat16 : uint16_t {};

/// Logits of channels that are the last axis: element e, of channel c = e mod
/// channels, has a = (x - mean[c]) scale[c] + bias[c]. Each array holds
/// channels + kGroup - 1 values, the first ones again behind the last, so that
/// those of kGroup neighbours lie in a row wherever one begins.
struct ChannelMap {
  int64_t channels;
  const float *mean, *scale, *bias;
};

/// Kernels for [rows, channels] stored row by row. Those without `rows` take
/// any `count` elements, of which the first is the first of group
/// `first_group`. F and F' are those of the ThresholdKernel; see Level.
template <class Number>
struct ChannelKernels {
  /// Adds sum (x - shift) of each channel to sums[0, channels), and the sum of
  /// its square to sums[channels, 2 channels). `shift` is as long as the
  /// arrays of ChannelMap.
  void (*moments)(int64_t rows, int64_t channels, const float* shift,
                  const Number* x, double* sums);

  /// high where u < F(a), else low. Not for ThresholdKernel::probability.
  void (*draw)(ThresholdKernel, const Address&, int64_t first_group,
               int64_t count, const ChannelMap&, const Number* x, float low,
               float high, Number* out);

  /// high where a >= 0, else low.
  void (*step)(int64_t first_group, int64_t count, const ChannelMap&,
               const Number* x, float low, float high, Number* out);

  /// With g = factor F'(a) grad, F' = 1 for ThresholdKernel::probability: adds
  /// sum g and sum g (x - mean), laid out as those of `moments`.
  void (*gradient_sums)(ThresholdKernel, int64_t rows, const ChannelMap&,
                        const Number* x, float factor, const Number* grad,
                        double* sums);

  /// scale (g - (offset + (x - mean) slope)), the same g; `offset` and `slope`
  /// are as the arrays of ChannelMap.
  void (*gradient)(ThresholdKernel, int64_t first_group, int64_t count,
                   const ChannelMap&, const Number* x, float factor,
                   const Number* grad, const float* offset, const float* slope,
                   Number* out);

  /// The greatest of 2 x 2 pixels, for a row of `pixels` of them, from two
  /// rows of 2 pixels each. NaN is the greatest.
  void (*max_pool)(int64_t pixels, int64_t channels, const Number* top,
                   const Number* bottom, Number* out);

  /// `grad` where the first of the greatest was, 0 elsewhere; of several NaNs
  /// the last.
  void (*max_pool_gradient)(int64_t pixels, int64_t channels, const Number* top,
                            const Number* bottom, const Number* grad,
                            Number* top_out, Number* bottom_out);
};

/// The kernels of one instruction-set level. All levels give the same bits,
/// those of the scalar one. `first_group` is the group of the first element;
/// `count` is any number of elements.
struct Level {
  const char* name;

  /// Philox words.
  void (*words)(const Address&, int64_t first_group, int64_t count,
                uint32_t* out);

  /// (2 floor(w / 2^9) + 1) / 2^24.
  void (*uniform)(const Address&, int64_t first_group, int64_t count,
                  float* out);

  /// high where u < F(logit), else low. For ThresholdKernel::probability,
  /// `logits` holds F.
  void (*draw)(ThresholdKernel, const Address&, int64_t first_group,
               int64_t count, const float* logits, float low, float high,
               float* out);

  /// scale * F'(logit) * grad. For ThresholdKernel::probability, `logits`
  /// holds F'.
  void (*gradient)(ThresholdKernel, int64_t count, const float* logits,
                   float scale, const float* grad, float* out);

  /// d/da log P(unit): F'/F where unit > middle, else -F'/(1 - F). Not for
  /// ThresholdKernel::probability.
  void (*score)(ThresholdKernel, int64_t count, const float* logits,
                const float* units, float middle, float* out);

  /// y[b, j] = bias[j] + sum_k x[b, k] w(k, j); `bias` may be null.
  void (*product)(int64_t rows, const SmallMatrix& w, const float* bias,
                  const float* x, float* y);

  /// out[j, k] = sum over segments and rows of g[b, j] x[b, k].
  void (*outer)(int64_t segments, int64_t rows, const Rows& g, const Rows& x,
                float* out);

  /// out[b, j] = factors[b] x[b, j].
  void (*scale)(int64_t rows, int64_t columns, const float* factors,
                const float* x, float* out);

  /// The logits themselves, as ChannelKernels take them.
  void (*normalize)(int64_t first_group, int64_t count, const ChannelMap&,
                    const float* x, float* out);

  ChannelKernels<float> float_channels;
  ChannelKernels<Bfloat16> bfloat16_channels;

  template <class Number>
  const ChannelKernels<Number>& channels() const {
    if constexpr (sizeof(Number) == sizeof(float)) {
      return float_channels;
    } else {
      return bfloat16_channels;
    }
  }
};

/// The levels that this machine can run, best first; the last is "scalar".
std::span<const Level* const> levels();

/// The best level not above `cap`: scalar, avx2, avx512vpopcnt or amx, as in
/// the environment variable SIGNET_FORCE_ISA. Another value is no cap.
const Level& level_for(std::string_view cap);

/// The level in use: level_for(SIGNET_FORCE_ISA), read once.
const Level& level();

}  // namespace signet::kernels

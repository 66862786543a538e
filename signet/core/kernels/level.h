#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "signet/core/kernels/threshold_kernel.h"

namespace signet::kernels {

/// Numbers come in groups of 64: 16 Philox blocks of four words.
inline constexpr int64_t kGroup = 64;

/// Where the numbers of a stream are; see RandomStream.
struct Address {
  uint64_t seed;
  uint32_t site, step, replica;
};

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
};

/// The levels that this machine can run, best first; the last is "scalar".
std::span<const Level* const> levels();

/// The best level not above `cap`: scalar, avx2, avx512vpopcnt or amx, as in
/// the environment variable SIGNET_FORCE_ISA. Another value is no cap.
const Level& level_for(std::string_view cap);

/// The level in use: level_for(SIGNET_FORCE_ISA), read once.
const Level& level();

}  // namespace signet::kernels

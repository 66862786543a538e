#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace signet {

using at::Tensor;

// The model on which the straight-through estimators of a binary activation
// were compared in closed form. The rows of Z [m, n] are Gaussian, z ~ N(0, I);
// with s(t) = 1[t > 0] a network of two linear layers learns one of its kind:
//
//   y(Z) = v' s(Z w),   loss = (y(Z) - v*' s(Z w*))^2 / 2,   |w*| = 1
//
// s has no gradient. The *coarse* gradient in w puts another function's
// derivative mu' in its place,
//
//   g = Z' (mu'(Z w) * v) (y(Z) - y*(Z)),
//
// and the question is where its mean leads. The gradient in v is the true one.
//
// All tensors are double, on the CPU: v and v* [m], w and w* [n]. theta is the
// angle between w and w*, in [0, pi].
// Source: Yin, Lyu, Zhang, Osher, Qi, Xin 2019, arXiv:1903.05662; formulas
// derived here, p and q of the clipped ReLU without the paper's integrals.

struct TwoLayerPoint {
  Tensor v, w;
};

class TwoLayerModel {
 public:
  /// w* is scaled to |w*| = 1, which changes no label.
  /// Errors: UsageError unless v* and w* are finite vectors other than 0.
  explicit TwoLayerModel(const TwoLayerPoint& teacher);

  const TwoLayerPoint& teacher() const { return teacher_; }

  /// theta; of w = 0, which has none, NaN.
  double angle(const Tensor& w) const;

  /// E loss = (d' A d + (4 theta / pi) v'v*) / 8 with d = v - v* and
  /// A = I + 1 1'; of w = 0, v*' A v* / 8.
  double loss(const TwoLayerPoint& at) const;

  /// The gradient of that:
  ///   in v  A d / 4 + theta / (2 pi) v*
  ///   in w  -v'v* / (2 pi |w|) e
  /// where e is the unit vector from w towards w* at a right angle to w, and 0
  /// at theta = 0 and pi, where the loss has a kink.
  /// Errors: UsageError if w = 0.
  TwoLayerPoint gradient(const TwoLayerPoint& at) const;

  /// e, as above.
  Tensor towards_teacher(const Tensor& w) const;

 private:
  TwoLayerPoint teacher_;
};

/// A function mu whose derivative stands in for that of s.
struct CoarseGradient {
  std::string name;
  std::string formula;  ///< of mu
  /// mu', element by element.
  Tensor (*derivative)(const Tensor& t);
  /// E g [n]. Errors: UsageError if w = 0.
  Tensor (*expected)(const TwoLayerModel& model, const TwoLayerPoint& at);
};

/// identity, relu, clipped-relu. With u = w / |w| and
/// h = |v|^2 + (1'v)^2 - (1'v)(1'v*) + v'v*:
///   identity      E g = (|v|^2 u - v'v* w*) / sqrt(2 pi)
///   relu          E g = h / (2 sqrt(2 pi)) u
///                       - v'v* / (2 sqrt(2 pi)) (u + w*)
///   clipped-relu  E g = h p(0) / 2 u - v'v* (p(theta) u + q(theta) e)
/// p u + q e is E z 1[0 < z'w < 1, z'w* > 0], which is, with T = 1 / |w| and
/// the standard normal phi and Phi,
///   q = sin(theta) erf(T / (sqrt(2) sin(theta))) / (2 sqrt(2 pi))
///   p = 1 / (2 sqrt(2 pi)) - phi(T) Phi(T cot(theta)) + q cot(theta).
const std::vector<CoarseGradient>& coarse_gradients();

/// Errors: UsageError that names the nearest ones.
const CoarseGradient& find_coarse_gradient(const std::string& name);

/// Per-example losses and gradients for given data.
struct TwoLayerSample {
  Tensor loss;  ///< [N]
  Tensor v;     ///< [N, m], the gradient in v
  Tensor w;     ///< [N, n], the coarse gradient in w
};
/// Shapes: z [N, m, n].
TwoLayerSample sample_gradients(const TwoLayerModel& model,
                                const TwoLayerPoint& at,
                                const CoarseGradient& coarse, const Tensor& z);

/// Where a descent can come to rest: v there, and theta. The length of w does
/// not matter to the loss.
struct CriticalPoint {
  std::string name;  ///< "global minimum", "saddle", "spurious minimum"
  double theta = 0;
  Tensor v;
  double loss = 0;
};

/// The global minimum theta = 0, v = v*; and if (1'v*)^2 < (m + 1)|v*|^2 / 2,
/// where c = (1'v*)^2 / ((m + 1)|v*|^2) < 1/2, also
///   saddle            theta = pi / 2 / (1 - c), v'v* = 0
///   spurious minimum  theta = pi, v = -v* + 2 (1'v*) / (m + 1) 1
/// where v = v* - 2 theta / pi A^-1 v* everywhere.
std::vector<CriticalPoint> critical_points(const TwoLayerModel& model);

/// A point with that v and a w of that length at that angle to w*, in the plane
/// of w* and `side` [n].
/// Errors: UsageError if `side` is a multiple of w* but theta is neither 0 nor
/// pi.
TwoLayerPoint point_at(const TwoLayerModel& model,
                       const CriticalPoint& critical, double length,
                       const Tensor& side);

struct CoarseDescentOptions {
  double rate = 0.05;    ///< eta
  int64_t steps = 5000;  ///< how many
  int64_t every = 1;     ///< steps between two records
};

/// One record of a descent.
struct CoarseDescentRow {
  int64_t step = 0;
  double loss = 0;
  double angle = 0;
  double length = 0;    ///< |w|
  double gradient = 0;  ///< |(gradient in v, E g)|
};

struct CoarseDescent {
  std::vector<CoarseDescentRow> rows;  ///< the first and the last step always
  TwoLayerPoint end;
};

/// v <- v - eta gradient in v, w <- w - eta E g. Stops early if w becomes 0.
/// Cost: about 0.1 ms a step.
/// Errors: UsageError if w = 0 at the start, or for options out of range.
CoarseDescent coarse_descent(const TwoLayerModel& model,
                             const TwoLayerPoint& start,
                             const CoarseGradient& coarse,
                             const CoarseDescentOptions& options = {});

}  // namespace signet

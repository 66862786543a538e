#pragma once

#include "signet/core/random.h"
#include "signet/measure/problem.h"

// Gumbel-Softmax of single bits in a row, each the log-odds of the next; the
// first has log-odds kEta. Gradients are of the last in the log-odds of the
// first: products of the bits' factors.

namespace signet {

inline constexpr double kEta = 0.7;

/// Absolute gradients of many draws at temperature t. Draws of equal `random`
/// have the same noise at every temperature.
Tensor chain_gradients(int layers, double t, int64_t n, const Random& random);

/// The share of values >= e.
double share_above(const Tensor& values, double e);

/// The slope of log(t g) in 1/t, by least squares over three temperatures with
/// the same noise, over -|eta - z|: 1 if the gradient is
/// exp(-|eta - z| / t) / t. Its greatest distance from 1, of the draws that are
/// further than 10 t away.
double exponential_law(int64_t n, const Random& random);

/// What the draws of one unit make of the mean gradient.
struct Rarity {
  double tiny;     ///< share below a hundredth of the mean
  double huge;     ///< share above ten times the mean
  double carried;  ///< share of the mean that the huge ones make
};
Rarity rarity(const Tensor& gradients);

/// The greatest distance of the shares above 0.001, 0.01, 0.1, 0.5 from their
/// closed form for one bit, in standard errors.
double share_distance(const Tensor& gradients, double t);

}  // namespace signet

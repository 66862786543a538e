#pragma once

namespace signet {

/// Inverse of the standard normal distribution function, on (0, 1).
double normal_quantile(double p);

/// The p-quantile, approximately, of a non-negative variable with that mean and
/// variance: a scaled chi-square one, whose cube root is nearly normal.
/// Source: Satterthwaite 1946; Wilson, Hilferty 1931.
double chi_square_quantile(double p, double mean, double variance);

}  // namespace signet

#pragma once

#include <cstdint>

namespace signet {

/// Inverse of the standard normal distribution function, on (0, 1).
double normal_quantile(double p);

/// The same of Student's t with a whole number of degrees of freedom, by
/// bisection of its distribution function's finite sum.
/// Cost: 100 sums of degrees / 2 terms.
/// Source: Abramowitz, Stegun 1964, 26.7.3 and 26.7.4.
double student_quantile(double p, int64_t degrees);

/// The p-quantile, approximately, of a non-negative variable with that mean and
/// variance: a scaled chi-square one, whose cube root is nearly normal.
/// Source: Satterthwaite 1946; Wilson, Hilferty 1931.
double chi_square_quantile(double p, double mean, double variance);
/// The same where z is the p-quantile of the standard normal distribution.
double chi_square_at(double z, double mean, double variance);

}  // namespace signet

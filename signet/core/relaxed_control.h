#pragma once

#include <vector>

#include "signet/core/estimator.h"
#include "signet/core/path.h"

namespace signet {

/// The noise z of a layer and how it follows the logits when the states of the
/// units are held: z = F^-1(v F(a)) for a high unit, F^-1(F(a) + v (1 - F(a)))
/// for a low one, v uniform and fixed.
///   dz/da = v' F'(a)/F'(z),  v' = v if high, else 1 - v
///         = u' |d log P(x)/da| / F'(z),  u' = u if high, else 1 - u
/// The last form is finite for every logit.
struct StateNoise {
  Tensor z;
  Tensor slope;  ///< dz/da
};
StateNoise state_noise(const PathLayer& layer, const Tensor& u);

/// The estimate of REBAR and, with a network, of RELAX.
///
///   r = low + width sigma(2 (a - z)/temperature),  z the noise that drew x
///   c = scale L(r) + offset (+ network)
///   g = (L(x) - c) d log P(x)/da + dz/da dc/dr dr/da
///
/// The literature writes c(r') d log P(x) for a second relaxed unit r' whose
/// noise z' = z(v; a) is that of the state drawn, and -dc(r)/da + dc(r')/da
/// to restore the mean. v = u/F(a) or (u - F(a))/(1 - F(a)), as the authors'
/// programs take it, makes z' = z; then c(r') is c(r), and of the two
/// derivatives (with respect to a - z) 1 and 1 - dz/da the difference is left.
///
/// Layer l is relaxed alone below, but all layers above it are relaxed with
/// it: hard units there would make c a step function of r whose derivative in
/// the mean is not the mean of its derivatives, and the estimate biased, with
/// straight-through in these layers too (measured on the chain of test_core).
/// Cost: 1 + L evaluations, a backward pass for each of the L.
/// Errors: UsageError if the loss carries no derivative in the units.
Estimate relaxed_control_estimate(const Objective& objective,
                                  const RuleContext& context,
                                  bool with_network);

/// temperature, scale, rate, tail: what both have.
std::vector<Parameter> relaxed_control_parameters();

}  // namespace signet

#pragma once

#include <map>
#include <string>

#include "signet/models/network.h"
#include "signet/optim/weight_rule.h"

namespace signet {

/// Starts a network with binary weights from a trained real-valued one of the
/// same layers. Parameters and running statistics of the same name are copied.
/// Where the source has real weights w and the network binary ones, these get
/// the mean w / s, s = max |w| of the layer:
///   eta = F^-1((1 + w / s) / 2),   so that   E sign = 2 F(eta) - 1 = w / s,
/// F of the layer's noise for stochastic weights, for binary ones that of the
/// rule that is to train them (theta = F(eta) kept in [0.001, 0.999], where eta
/// is finite).
/// The outputs are those of the source, divided by s; so are the layer's bias,
/// and the running mean (variance: by s^2) of a batch norm right behind, which
/// so undoes it.
/// `source`: network_state() of the other network.
/// Errors: UsageError, one line, for the first name or shape that does not
/// match; nothing is changed then.
void start_from(Network& network, const std::map<std::string, Tensor>& source,
                const BoundRule& rule = BoundRule("binaryconnect"));

}  // namespace signet

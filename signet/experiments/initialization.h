#pragma once

#include "signet/models/network.h"

namespace signet {

/// Starts a network from one batch of examples, layer by layer. A linear layer
/// or convolution with a bias and no batch norm behind it gets outputs of mean
/// 0 and deviation 1 in every channel:
///   b <- (b - mean) / deviation,   W <- W / deviation;
/// binary weights stay as they are, so there b <- b - mean alone. Running means
/// and variances of batch norm become those of the batch. Units are drawn as
/// in training, by the random numbers of the step of `random`.
/// Shapes: x [B, values], as Network::forward takes it, B at least 2.
/// Cost: a forward pass for every such layer, and one for batch norm.
/// Source: the published code of Shekhovtsov, Yanush, Flach 2020,
/// arXiv:2006.03143, for its layers without batch norm.
void initialize_from_batch(Network& network, const Tensor& x,
                           const Random& random);

}  // namespace signet

#pragma once

#include "signet/core/random.h"
#include "signet/core/torch.h"
#include "signet/models/network.h"

// What tests of networks feed them with.

namespace signet {

/// Uniform numbers in [-2, 2].
inline Tensor noise(at::IntArrayRef shape, uint32_t step) {
  return Random(11).at_step(step).site(RandomUse::user).uniform(shape) * 4 - 2;
}

/// The output of a network of one or more layers for x, in evaluation.
inline Tensor run(Network& network, const Tensor& x) {
  network.eval();
  ModeSampler mode;
  torch::NoGradGuard no_gradient;
  return network.forward(x, mode);
}

}  // namespace signet

#pragma once

#include <cmath>
#include <functional>
#include <string>

#include "signet/core/random.h"
#include "signet/core/torch.h"
#include "signet/optim/optimizer.h"

namespace signet {

/// Numbers in (-1, 1) that depend on `step`.
inline Tensor numbers(uint32_t step, int64_t n,
                      at::ScalarType type = torch::kFloat) {
  return Random(5).at_step(step).site(RandomUse::user).uniform({n}, type) * 2 -
         1;
}

/// A latent weight in double after its first step.
inline double stepped(const std::string& spelling, double latent, double g,
                      double rate) {
  auto p = torch::full({1}, latent, torch::kDouble).requires_grad_();
  p.mutable_grad() = torch::full({1}, g, torch::kDouble);
  Optimizer optimizer;
  optimizer.add("p", p, BoundRule(spelling), ParameterKind::latent);
  optimizer.step(rate);
  return p.item<double>();
}

/// Where a function with one minimum in (a, b) has it, to about 1e-10.
inline double golden_section(const std::function<long double(long double)>& f,
                             long double a, long double b) {
  const long double ratio = (std::sqrt(5.0L) - 1) / 2;
  while (b - a > 1e-11L) {
    const long double c = b - ratio * (b - a), d = a + ratio * (b - a);
    (f(c) < f(d) ? b : a) = f(c) < f(d) ? d : c;
  }
  return static_cast<double>((a + b) / 2);
}

}  // namespace signet

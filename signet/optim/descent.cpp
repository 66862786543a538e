#include "signet/optim/descent.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "signet/core/kernels/vectorized.h"
#include "signet/core/torch.h"
#include "signet/optim/one_pass.h"
#include "signet/optim/signs.h"

namespace signet {
namespace {

/// Adam's two corrections folded into constants of one step.
struct AdamConstants {
  double first;   ///< rate / (1 - beta1^t)
  double second;  ///< 1 / (1 - beta2^t)
};

AdamConstants adam_constants(const Direction& d, double rate, int64_t step) {
  const auto t = static_cast<double>(step);
  return {rate / (1 - std::pow(d.beta1, t)), 1 / (1 - std::pow(d.beta2, t))};
}

/// Constants of the step in the precision of the parameters.
struct AdamStep {
  float first, second, beta1, beta2, rest1, rest2, epsilon;
  float scale, keep, shift, limit;
};

SIGNET_VECTORIZED
int32_t adam_range(const AdamStep& a, const float* g, float* p, float* m,
                   float* v, int64_t n) {
  int32_t flips = 0;
  for (int64_t i = 0; i < n; ++i) {
    const float gi = a.scale * g[i];
    m[i] = a.beta1 * m[i] + a.rest1 * gi;
    v[i] = a.beta2 * v[i] + a.rest2 * (gi * gi);
    const float next =
        a.keep * p[i] -
        a.first * m[i] / (std::sqrt(v[i] * a.second) + a.epsilon) + a.shift;
    const float kept = std::min(std::max(next, -a.limit), a.limit);
    flips += (kept >= 0) != (p[i] >= 0);
    p[i] = kept;
  }
  return flips;
}

/// One pass: reads p, g, m, v and writes p, m, v.
int64_t adam_pass(const StepContext& c, const Direction& d, const Move& move) {
  const auto k = adam_constants(d, move.rate, c.step);
  const AdamStep a{.first = static_cast<float>(k.first),
                   .second = static_cast<float>(k.second),
                   .beta1 = static_cast<float>(d.beta1),
                   .beta2 = static_cast<float>(d.beta2),
                   .rest1 = static_cast<float>(1 - d.beta1),
                   .rest2 = static_cast<float>(1 - d.beta2),
                   .epsilon = static_cast<float>(d.epsilon),
                   .scale = static_cast<float>(move.scale),
                   .keep = static_cast<float>(move.keep),
                   .shift = static_cast<float>(move.shift),
                   .limit = move.bound > 0
                                ? static_cast<float>(move.bound)
                                : std::numeric_limits<float>::infinity()};
  float* p = c.parameter.data_ptr<float>();
  float* m = memory(c, "m").data_ptr<float>();
  float* v = memory(c, "v").data_ptr<float>();
  const float* g = c.gradient.data_ptr<float>();
  return sum_over_ranges(
      c.parameter.numel(), [&](int64_t first, int64_t count) {
        return adam_range(a, g + first, p + first, m + first, v + first, count);
      });
}

}  // namespace

Tensor& memory(const StepContext& c, const char* name) {
  auto& m = c.state[name];
  if (!m.defined()) m = torch::zeros_like(c.parameter);
  return m;
}

std::vector<Parameter> direction_parameters() {
  return {{.name = "direction",
           .fallback = std::string("adam"),
           .help = "what the gradient becomes before the step",
           .choices = {"sgd", "momentum", "adam"}},
          {.name = "beta1",
           .fallback = 0.9,
           .help = "decay of the mean gradient (momentum, adam)",
           .min = 0,
           .max = 0.99999},
          {.name = "beta2",
           .fallback = 0.999,
           .help = "decay of the mean squared gradient (adam)",
           .min = 0,
           .max = 0.999999},
          {.name = "epsilon",
           .fallback = 1e-8,
           .help = "added to the root of the mean square (adam)",
           .min = 1e-12,
           .max = 1}};
}

Direction read_direction(const Arguments& a) {
  const auto& kind = a.text("direction");
  return {.kind = kind == "sgd"        ? Direction::Kind::sgd
                  : kind == "momentum" ? Direction::Kind::momentum
                                       : Direction::Kind::adam,
          .beta1 = a.number("beta1"),
          .beta2 = a.number("beta2"),
          .epsilon = a.number("epsilon")};
}

int64_t descend_reference(const StepContext& c, const Direction& d,
                          const Move& move) {
  torch::NoGradGuard no_gradient;
  const auto positive = positive_signs(c.parameter);
  const auto g = c.gradient * move.scale;
  c.parameter.mul_(move.keep).add_(move.shift);
  switch (d.kind) {
    case Direction::Kind::sgd:
      c.parameter.sub_(g, move.rate);
      break;
    case Direction::Kind::momentum: {
      auto& m = memory(c, "m");
      m.mul_(d.beta1).add_(g);
      c.parameter.sub_(m, move.rate);
      break;
    }
    case Direction::Kind::adam: {
      const auto k = adam_constants(d, move.rate, c.step);
      auto& m = memory(c, "m");
      auto& v = memory(c, "v");
      m.mul_(d.beta1).add_(g, 1 - d.beta1);
      v.mul_(d.beta2).add_(g * g, 1 - d.beta2);
      c.parameter.sub_(m / ((v * k.second).sqrt() + d.epsilon), k.first);
      break;
    }
  }
  if (move.bound > 0) c.parameter.clamp_(-move.bound, move.bound);
  return count_flips(c.parameter, positive);
}

int64_t descend(const StepContext& c, const Direction& d, const Move& move) {
  torch::NoGradGuard no_gradient;
  if (d.kind == Direction::Kind::adam && is_plain_float(c.parameter) &&
      is_plain_float(c.gradient)) {
    return adam_pass(c, d, move);
  }
  return descend_reference(c, d, move);
}

}  // namespace signet

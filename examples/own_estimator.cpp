// A gradient estimator of your own: one record in your program, and all of
// signet knows it by name. Here a blend of two straight-through estimators,
//
//   x ~ F(a),  g_a = (hi - lo) (w F'(a) + (1 - w) F'(a) / (2 P(x))) g_x
//
// `st` at w = 1 and `darn` at w = 0, measured between them against the exact
// gradient of a network of three layers.

#include <torch/torch.h>

#include <cstdio>

#include "signet/core/draw_units.h"
#include "signet/core/straight_through.h"
#include "signet/measure/measurement.h"

namespace {

using signet::DrawContext;
using torch::Tensor;

Tensor draw(const Tensor& logits, const DrawContext& context) {
  const auto& units = context.units;
  const double w = context.arguments.number("weight");
  const auto a = logits.detach();
  const auto x = context.noise.draw(a, units);
  const double middle = (low(units.encoding) + high(units.encoding)) / 2;
  // |d log P(x)/da| = F'(a)/P(x), finite for every a.
  const auto reweighted = score(*units.noise, a, x, middle).abs() / 2;
  const auto factor = w * units.noise->density(a) + (1 - w) * reweighted;
  return signet::straight_through(logits, x, width(units.encoding) * factor);
}

const signet::Registered<signet::Estimator> entry{{
    .name = "blend",
    .summary = "between st and darn",
    .help = "g_a = (hi - lo) (w F'(a) + (1 - w) F'(a) / (2 P(x))) g_x",
    .traits = {.order = 1},
    .parameters = {{.name = "weight",
                    .fallback = 0.5,
                    .help = "of st; the rest is darn's",
                    .min = 0,
                    .max = 1}},
    .rule = signet::LayerRule{draw},
}};

}  // namespace

int main() {
  const auto problem = signet::make_problem("cosine");
  const auto result =
      signet::measure(problem, signet::reference_gradient(problem, {}),
                      {"st", "blend", "darn", "disarm"}, {.samples = 4000});
  std::printf("%-20s %10s %10s  %s\n", "estimator", "bias", "deviation",
              "of |gradient|");
  for (const auto& e : result.estimators) {
    const auto& whole = e.groups[0];
    std::printf("%-20s %10.4f %10.4f  %s\n", e.estimator.c_str(),
                whole.relative(whole.bias),
                whole.relative(std::sqrt(whole.variance)),
                std::string(name_of(whole.verdict)).c_str());
  }
  // DisARM has no bias.
  return result.estimators[3].groups[0].verdict == signet::Verdict::biased;
}

// Several layers of units on top of one another, no data:
//
//   x_1 ~ F(a),  x_l ~ F(W_l x_{l-1} + b_l),  L = exp(w x_L) + (v x_L)^2
//
// Straight-through estimators are biased in it, and more so in deeper chains.

#include <cmath>

#include "signet/core/random.h"
#include "signet/core/replicated_linear.h"
#include "signet/core/torch.h"
#include "signet/measure/problem.h"

namespace signet {
namespace {

Problem make(const Arguments& arguments) {
  const int64_t n = arguments.integer("units");
  const Random random(static_cast<uint64_t>(arguments.integer("seed")));
  const double scale = arguments.number("scale");
  uint32_t index = 0;
  const auto weights = [&](at::IntArrayRef shape, double deviation) {
    const auto u = random.site(RandomUse::measurement, index++).uniform(shape);
    return (u - 0.5) * (deviation * std::sqrt(12.0));
  };
  const double unit = 1 / std::sqrt(static_cast<double>(n));
  const auto w = weights({n}, unit), v = weights({n}, unit);
  const UnitOptions units{.encoding =
                              parse_encoding(arguments.text("encoding"))};
  Problem problem;
  problem.groups.push_back({"layer 1", {weights({n}, 0.5)}});
  for (int64_t l = 2; l <= arguments.integer("layers"); ++l) {
    problem.groups.push_back(
        {"layer " + std::to_string(l),
         {weights({n, n}, scale * unit), weights({n}, 0.1)}});
  }
  problem.loss = [=](const std::vector<Tensor>& p, Sampler& sampler) {
    auto x = sampler.draw(p[0], units);
    for (size_t i = 1; i + 1 < p.size(); i += 2) {
      const auto a = replicated_linear(x.unsqueeze(-2), p[i], p[i + 1]);
      x = sampler.draw(a.squeeze(-2), units);
    }
    const auto product = [&](const Tensor& by) {
      return (x * by.to(x.scalar_type())).sum(-1);
    };
    return torch::exp(product(w)) + product(v).square();
  };
  return problem;
}

const Registered<ProblemRecord> entry{{
    .name = "chain",
    .summary = "layers of units on top of one another, under a smooth loss",
    .parameters = {{.name = "layers",
                    .fallback = int64_t{3},
                    .help = "of units",
                    .min = 1,
                    .max = 100},
                   {.name = "units",
                    .fallback = int64_t{4},
                    .help = "of a layer",
                    .min = 1,
                    .max = 1000},
                   {.name = "scale",
                    .fallback = 1.0,
                    .help = "standard deviation of the weights, times "
                            "sqrt(units)",
                    .min = 0},
                   {.name = "encoding",
                    .fallback = std::string("signs"),
                    .help = "values of the units",
                    .choices = {"bits", "signs"}},
                   {.name = "seed",
                    .fallback = int64_t{1},
                    .help = "of the weights",
                    .min = 0}},
    .make = make,
}};

}  // namespace
}  // namespace signet

// Two classes of points in the plane and a network 2-5-5-5-1 of logistic units
// {0, 1}, on which estimators are compared in Shekhovtsov, Yanush, Flach 2020
// (PSA, NeurIPS). 100 points are uniform on [-pi/2, pi/2] x [0, 1], label +1;
// 100 lie in [-pi/2, pi/2] x [-1, 1] below the cosine, label -1.

#include <cmath>
#include <numbers>

#include "signet/core/checks.h"
#include "signet/core/random.h"
#include "signet/core/torch.h"
#include "signet/measure/points_problem.h"

namespace signet {
namespace {

constexpr int64_t kClass = 100;

Points make_points(const Random& random) {
  const auto square = [&](uint32_t index, int64_t n, double low) {
    const auto u = random.site(RandomUse::measurement, index).uniform({n, 2});
    return torch::stack({(u.select(1, 0) - 0.5) * std::numbers::pi,
                         u.select(1, 1) * (1 - low) + low},
                        1);
  };
  const auto above = square(0, kClass, 0);
  // About 80 percent of the candidates are below the cosine.
  const auto candidates = square(1, 10 * kClass, -1);
  const auto kept = candidates.index(
      {candidates.select(1, 1) < torch::cos(candidates.select(1, 0))});
  const auto below = kept.narrow(0, 0, kClass);
  return {torch::cat({above, below}),
          torch::cat({torch::ones({kClass}), -torch::ones({kClass})})};
}

Problem make(const Arguments& arguments) {
  const Random random(static_cast<uint64_t>(arguments.integer("seed")));
  const double scale = arguments.number("scale");
  std::vector<Problem::Group> groups;
  int64_t inputs = 2;
  uint32_t index = 2;
  for (int64_t outputs : {5, 5, 5, 1}) {
    const auto uniform = [&](at::IntArrayRef shape) {
      const auto u =
          random.site(RandomUse::measurement, index++).uniform(shape);
      return (2 * u - 1) * (scale / std::sqrt(static_cast<double>(inputs)));
    };
    groups.push_back({"layer " + std::to_string(groups.size() + 1),
                      {uniform({outputs, inputs}), uniform({outputs})}});
    inputs = outputs;
  }
  return points_problem(
      make_points(random), groups,
      {.encoding = parse_encoding(arguments.text("encoding"))});
}

const Registered<ProblemRecord> entry{{
    .name = "cosine",
    .summary = "200 points of two classes, a network 2-5-5-5-1, logistic loss",
    .parameters = {{.name = "scale",
                    .fallback = 1.0,
                    .help = "weights and biases are uniform in "
                            "+-scale/sqrt(inputs)",
                    .min = 0},
                   {.name = "encoding",
                    .fallback = std::string("bits"),
                    .help = "values of the units",
                    .choices = {"bits", "signs"}},
                   {.name = "seed",
                    .fallback = int64_t{1},
                    .help = "of points and weights",
                    .min = 0}},
    .make = make,
}};

}  // namespace
}  // namespace signet

#include "signet/experiments/papers/gradeval_problem.h"

#include <gtest/gtest.h>

#include "signet/core/torch.h"
#include "signet/measure/gradients.h"

namespace signet {
namespace {

/// What reaches each layer of units, which take their means there.
class Watch : public Sampler {
 public:
  Tensor draw(const Tensor& logits, const UnitOptions&) override {
    seen.push_back(logits[0]);
    return torch::sigmoid(2 * logits);
  }
  std::vector<Tensor> seen;
};

TEST(GradevalProblem, StartsWithNormalizedPreActivations) {
  const auto problem = gradeval_problem(3);
  Watch watch;
  problem.loss(replicated_parameters(problem, 1), watch);
  ASSERT_EQ(watch.seen.size(), 3u);
  // Its own coordinates are twice those of the units.
  const auto first = 2 * watch.seen[0];
  EXPECT_LT(first.mean(0).abs().max().item<float>(), 1e-5);
  // Exactly 1 but for the correlation of both inputs.
  EXPECT_LT((first.std(0) - 1).abs().max().item<float>(), 0.2);
  for (size_t layer : {1, 2}) {
    const auto& p = problem.groups[layer].parameters;
    EXPECT_TRUE(torch::allclose(p[0].square().sum(1) / 4, torch::ones({5})));
    EXPECT_TRUE(torch::allclose(p[1], -p[0].sum(1) / 2, 1e-4, 1e-5));
  }
  const auto output = torch::cat({problem.groups[3].parameters[0].flatten(),
                                  problem.groups[3].parameters[1]});
  EXPECT_LE(output.abs().max().item<float>(), 1);
}

TEST(GradevalProblem, IsTheCosineAtHalfTheHiddenParameters) {
  const auto problem = gradeval_problem(3);
  auto half = make_problem("cosine(seed=3)");
  for (size_t g = 0; g < half.groups.size(); ++g)
    for (size_t i = 0; i < 2; ++i)
      half.groups[g].parameters[i] =
          problem.groups[g].parameters[i] / (g < 3 ? 2 : 1);
  const auto rows = torch::arange(0, 200, 7);
  const auto gradient = [&](const Problem& p) {
    std::vector<Tensor> row;
    for (const auto& parameter : all_parameters(p))
      row.push_back(parameter.flatten());
    return sample_gradients(BoundEstimator("exact-layered"),
                            at_values(p.restricted(rows), torch::cat(row)), 1,
                            Random(1))
        .gradients[0];
  };
  auto expected = gradient(half);
  expected.narrow(0, 0, expected.size(0) - 6).div_(2);
  EXPECT_TRUE(torch::allclose(gradient(problem), expected, 1e-4, 1e-6));
}

}  // namespace
}  // namespace signet

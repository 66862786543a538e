#include "signet/measure/score_variance.h"

#include <gtest/gtest.h>

#include "signet/core/torch.h"
#include "signet/measure/gradients.h"

namespace signet {
namespace {

TEST(ScoreVariance, OfOneUnitIsTheClosedForm) {
  // g = L(x) s(x) with s = 2(1-p), -2p: the variance over two states.
  const auto problem = make_problem("one-unit");
  const auto a = all_parameters(problem)[0].to(torch::kDouble);
  const auto variance = score_function_variance(problem);
  double mean = 0, square = 0;
  for (const double state : {0.0, 1.0}) {
    const double p = 1 / (1 + std::exp(-2 * a.item<double>()));
    const double weight = state == 1 ? p : 1 - p;
    const double score = state == 1 ? 2 * (1 - p) : -2 * p;
    struct Fixed : Sampler {
      double high;
      Tensor draw(const Tensor& logits, const UnitOptions& units) override {
        return torch::full_like(
            logits, low(units.encoding) + high * width(units.encoding));
      }
    } fixed;
    fixed.high = state;
    const double loss = problem.loss({a.unsqueeze(0)}, fixed).item<double>();
    mean += weight * loss * score;
    square += weight * loss * loss * score * score;
  }
  EXPECT_NEAR(variance.item<double>(), square - mean * mean, 1e-12);
}

// 2^17 samples of a heavy-tailed product: the variance of each coordinate to
// 5 percent, over six standard errors of what the fourth moments here allow.
TEST(ScoreVariance, IsThatOfMeasuredReinforce) {
  for (const auto* name : {"chain(layers=2, units=3)", "cosine"}) {
    const auto problem = make_problem(name);
    if (problem.examples > 0) {
      const auto few = problem.restricted(torch::arange(0, 200, 50));
      const auto g = sample_gradients(BoundEstimator("reinforce"),
                                      in_double(few), 1 << 14, Random(3))
                         .gradients;
      const auto ratio = g.var(0).sum() / score_function_variance(few).sum();
      EXPECT_NEAR(ratio.item<double>(), 1, 0.05) << name;
      continue;
    }
    const auto g = sample_gradients(BoundEstimator("reinforce"),
                                    in_double(problem), 1 << 17, Random(3))
                       .gradients;
    const auto ratio = g.var(0) / score_function_variance(problem);
    EXPECT_LT((ratio - 1).abs().max().item<double>(), 0.05) << name;
  }
}

}  // namespace
}  // namespace signet

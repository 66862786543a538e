#include "signet/experiments/papers/experts.h"

#include <gtest/gtest.h>

#include "signet/core/samplers.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

using Work = Experts::Work;

const Tensor& images() {
  static const auto x = Random(1).site(RandomUse::user).uniform({20, 6});
  return x;
}

Tensor some_gates() {
  return torch::arange(20 * 4).view({20, 4}).remainder(3).eq(0).to(
      torch::kFloat);
}

TEST(Experts, SkippingClosedOnesChangesNothingButTheWork) {
  const Experts experts(6, 4, 5, Random(2));
  const auto gates = some_gates();
  const auto open = experts.with_gates(images(), gates, Work::open);
  const auto all = experts.with_gates(images(), gates, Work::all);
  EXPECT_TRUE(torch::allclose(open.classes, all.classes, 1e-5, 1e-6));
  const auto computed = gates.sum().item<int64_t>();
  ASSERT_LT(computed, 20 * 4);
  // The gates 6 x 4, an expert 6 x 5 and 5 x 10.
  EXPECT_EQ(open.multiply_adds, 20 * 24 + computed * 80);
  EXPECT_EQ(all.multiply_adds, 20 * 24 + 20 * 4 * 80);
}

TEST(Experts, WithAllGatesOpenAreOneDenseNetwork) {
  Experts experts(6, 4, 5, Random(3));
  experts.prepare_dense();
  const auto open =
      experts.with_gates(images(), torch::ones({20, 4}), Work::open);
  EXPECT_TRUE(
      torch::allclose(open.classes, experts.dense(images()), 1e-5, 1e-6));
  EXPECT_EQ(experts.dense_multiply_adds(), 4 * 80);
}

TEST(Experts, AllClosedLeaveTheBiasAndNoWork) {
  const Experts experts(6, 4, 5, Random(4));
  const auto pass =
      experts.with_gates(images(), torch::zeros({20, 4}), Work::open);
  EXPECT_EQ(pass.classes.abs().max().item<float>(), 0);
  EXPECT_EQ(pass.multiply_adds, 20 * 24);
}

// What a closed gate would have done is known only where its expert ran.
TEST(Experts, ClosedGatesGetADerivativeOnlyIfAllAreComputed) {
  const Experts experts(6, 4, 5, Random(5));
  const auto gates = some_gates();
  for (const auto work : {Work::open, Work::all}) {
    const auto leaf = gates.clone().requires_grad_(true);
    experts.with_gates(images(), leaf, work).classes.square().sum().backward();
    const auto closed = leaf.grad().masked_select(gates.eq(0));
    EXPECT_EQ(closed.abs().max().item<float>() > 0, work == Work::all);
    EXPECT_GT(leaf.grad().masked_select(gates.eq(1)).abs().max().item<float>(),
              0);
  }
}

}  // namespace
}  // namespace signet
